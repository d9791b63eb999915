// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct new_utsname} of uname(2): strings with NUL. */
public final class UtsnameLayout {
    public static final int SIZE = 390;

    public static final int SYSNAME = 0; // 65 bytes
    public static final int NODENAME = 65; // 65 bytes
    public static final int RELEASE = 130; // 65 bytes
    public static final int VERSION = 195; // 65 bytes
    public static final int MACHINE = 260; // 65 bytes
    public static final int DOMAINNAME = 325; // 65 bytes

    private UtsnameLayout() {
    }
}
