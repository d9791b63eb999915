// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers of sysinfo(2). Layout of struct sysinfo: {@link SysinfoLayout}. */
public final class Sysinfo {
    // Loads are fixed-point numbers with this many bits after the point
    public static final int SI_LOAD_SHIFT = 16;

    private Sysinfo() {
    }
}
