// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Flags of pidfd_open(2). */
public final class Pidfd {
    // Flags
    public static final int PIDFD_NONBLOCK = 04000;
    public static final int PIDFD_THREAD = 0200;

    private Pidfd() {
    }
}
