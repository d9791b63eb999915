// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct itimerspec} of timer_settime(2): two {@link TimespecLayout}s. */
public final class ItimerspecLayout {
    public static final int SIZE = 32;

    public static final int INTERVAL = 0; // 16 bytes
    public static final int VALUE = 16; // 16 bytes

    private ItimerspecLayout() {
    }
}
