// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct itimerval} of setitimer(2): two {@link TimevalLayout}s. */
public final class ItimervalLayout {
    public static final int SIZE = 32;

    public static final int INTERVAL = 0; // 16 bytes
    public static final int VALUE = 16; // 16 bytes

    private ItimervalLayout() {
    }
}
