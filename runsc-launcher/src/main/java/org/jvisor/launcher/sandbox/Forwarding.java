// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.host.HostTerminal;

/**
 * Passes runsc's own signals on to what it has started: a container, or a process in one.
 *
 * @param container its id
 * @param pid of the process; 0: the container's first
 * @param terminal whose window's size is passed on; null without one
 */
record Forwarding(ControlSocket control, String container, int pid, HostTerminal terminal) {
    /** What is passed on; SIGTSTP and its kin stop runsc as they stop any program. */
    static final int[] SIGNALS = {Signals.SIGHUP, Signals.SIGINT, Signals.SIGQUIT, Signals.SIGUSR1, Signals.SIGUSR2, Signals.SIGALRM,
        Signals.SIGTERM, Signals.SIGWINCH};
    /** Container.signal's word for the foreground process group, or the first process without a terminal. */
    private static final int FOREGROUND = -2;

    /** @param request a number for the answer that the signal is sent; 0: none is wanted. Waits for nothing. */
    void forward(int signal, long request) {
        BodyWriter body = new BodyWriter();
        body.text(container);
        if (signal == Signals.SIGWINCH) {
            if (terminal != null) {
                int[] window = terminal.window();
                body.number(pid);
                body.number(window[0]);
                body.number(window[1]);
                control.offer(Messages.RESIZE, 0, body.bytes());
            }
            return;
        }
        body.number(signal);
        body.number(pid == 0 ? FOREGROUND : pid);
        control.offer(Messages.SIGNAL, request, body.bytes());
    }

    /** @return what runsc exits with for a status of wait(2): the program's, or 128 and the signal that ended it */
    static int exitStatus(int waitStatus) {
        return Wait.isSignaled(waitStatus) ? 128 + Wait.termSignal(waitStatus) : Wait.exitCode(waitStatus);
    }
}
