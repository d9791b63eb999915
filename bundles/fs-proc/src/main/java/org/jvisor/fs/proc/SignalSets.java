// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.ThreadGroup;

/** Signals that a process ignores and those that it has handlers for; bit n-1 for signal n. */
record SignalSets(long ignored, long caught) {
    private static final long SIG_DFL = 0;
    private static final long SIG_IGN = 1;

    static SignalSets of(ThreadGroup group) {
        long ignored = 0;
        long caught = 0;
        for (int signal = 1; signal <= Signals.NSIG; signal++) {
            long handler = group.action(signal).handler();
            if (handler == SIG_IGN) {
                ignored |= 1L << signal - 1;
            } else if (handler != SIG_DFL) {
                caught |= 1L << signal - 1;
            }
        }
        return new SignalSets(ignored, caught);
    }
}
