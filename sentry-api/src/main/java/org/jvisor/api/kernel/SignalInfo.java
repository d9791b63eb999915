// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.abi.Signals;

/**
 * A signal with what siginfo_t says of it (sigaction(2)).
 *
 * @param signal its number, 1 to 64
 * @param code SI_USER, SI_TKILL, SI_QUEUE, SI_TIMER, CLD_EXITED, SEGV_MAPERR, …
 * @param pid sender, child, or a timer's id
 * @param uid sender's or child's real user; a timer's overrun count
 * @param status a child's exit status or signal
 * @param value sigval, a fault's address, or SIGPOLL's band
 * @param userTime a child's, in clock ticks
 * @param systemTime a child's, in clock ticks
 */
public record SignalInfo(int signal, int code, int pid, int uid, int status, long value, long userTime, long systemTime) {

    /** From the kernel, with nothing more to say. */
    public static SignalInfo kernel(int signal) {
        return new SignalInfo(signal, Signals.SI_KERNEL, 0, 0, 0, 0, 0, 0);
    }

    /** kill(2) by {@code sender}. */
    public static SignalInfo user(int signal, Task sender) {
        return new SignalInfo(signal, Signals.SI_USER, sender.group().pid(), sender.credentials().uid(), 0, 0, 0, 0);
    }

    /** A hardware fault at {@code address}. */
    public static SignalInfo fault(int signal, int code, long address) {
        return new SignalInfo(signal, code, 0, 0, 0, address, 0, 0);
    }
}
