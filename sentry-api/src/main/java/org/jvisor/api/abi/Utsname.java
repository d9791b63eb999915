// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Lengths of uname(2). Layout of struct new_utsname: {@link UtsnameLayout}. */
public final class Utsname {
    // Longest name that sethostname(2) and setdomainname(2) take, without NUL; length of a field with it
    public static final int UTS_NAME_MAX = 64;
    public static final int FIELD_SIZE = 65;

    private Utsname() {
    }
}
