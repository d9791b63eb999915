// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Codes of arch_prctl(2). */
public final class ArchPrctl {
    // Segment bases
    public static final int ARCH_SET_GS = 0x1001;
    public static final int ARCH_SET_FS = 0x1002;
    public static final int ARCH_GET_FS = 0x1003;
    public static final int ARCH_GET_GS = 0x1004;

    // Others
    public static final int ARCH_GET_CPUID = 0x1011;
    public static final int ARCH_SET_CPUID = 0x1012;
    public static final int ARCH_GET_XCOMP_SUPP = 0x1021;
    public static final int ARCH_GET_XCOMP_PERM = 0x1022;
    public static final int ARCH_REQ_XCOMP_PERM = 0x1023;
    public static final int ARCH_MAP_VDSO_64 = 0x2003;
    public static final int ARCH_CET_STATUS = 0x3001; // asked by glibc of the time before shadow stacks
    public static final int ARCH_SHSTK_ENABLE = 0x5001;
    public static final int ARCH_SHSTK_STATUS = 0x5005;

    private ArchPrctl() {
    }
}
