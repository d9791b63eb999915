// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Flags of getrandom(2). */
public final class Getrandom {
    // Flags
    public static final int GRND_NONBLOCK = 0x1;
    public static final int GRND_RANDOM = 0x2;
    public static final int GRND_INSECURE = 0x4;

    private Getrandom() {
    }
}
