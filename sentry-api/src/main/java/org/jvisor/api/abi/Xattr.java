// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers of setxattr(2) and xattr(7). */
public final class Xattr {
    // Flags
    public static final int XATTR_CREATE = 1;
    public static final int XATTR_REPLACE = 2;

    // Limits
    public static final int XATTR_NAME_MAX = 255; // without NUL
    public static final int XATTR_SIZE_MAX = 65536;
    public static final int XATTR_LIST_MAX = 65536;

    // Namespaces of names
    public static final String SECURITY_PREFIX = "security.";
    public static final String SYSTEM_PREFIX = "system.";
    public static final String TRUSTED_PREFIX = "trusted.";
    public static final String USER_PREFIX = "user.";

    // Names the kernel itself reads
    public static final String CAPABILITY = "security.capability";
    public static final String POSIX_ACL_ACCESS = "system.posix_acl_access";
    public static final String POSIX_ACL_DEFAULT = "system.posix_acl_default";

    private Xattr() {
    }
}
