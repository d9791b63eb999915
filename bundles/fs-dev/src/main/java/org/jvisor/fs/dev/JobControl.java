// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Tty;

/** Who may use a terminal now, and whose it is (credentials(7), ioctl_tty(2)). */
final class JobControl {

    private JobControl() {
    }

    /** Whether {@code tty} is the controlling terminal of {@code task}'s session. */
    static boolean controls(Tty tty, Task task) {
        Session session = task.group().session();
        return session != null && session.tty() == tty && tty.session() == session;
    }

    /**
     * Whether a background process is to be stopped for what it does to its terminal; then the signal is sent, unless it
     * would be lost.
     *
     * @param signal SIGTTIN or SIGTTOU
     * @return 0 to go on, -EIO, or -ERESTARTSYS
     */
    static long check(Tty tty, Task task, int signal) {
        if (task == null || !controls(tty, task)) {
            return 0;
        }
        ProcessGroup group = task.group().processGroup();
        int foreground = tty.foreground();
        if (foreground == 0 || group.id() == foreground) {
            return 0;
        }
        boolean ignored = Signals.contains(task.signalMask(), signal)
                || task.group().action(signal).handler() == Signals.SIG_IGN;
        if (ignored) {
            return signal == Signals.SIGTTIN ? -Errno.EIO : 0;
        }
        if (group.orphaned()) {
            return -Errno.EIO;
        }
        group.send(SignalInfo.kernel(signal));
        return -Errno.ERESTARTSYS;
    }

    /** TIOCSCTTY, and open(2) without O_NOCTTY: 0 or -EPERM. */
    static long acquire(Tty tty, Task task, boolean steal) {
        ThreadGroup group = task.group();
        Session session = group.session();
        if (session.leader() == group && session.tty() == tty && tty.session() == session) {
            return 0;
        }
        if (session.leader() != group || session.tty() != null) {
            return -Errno.EPERM;
        }
        Session before = tty.session();
        if (before != null) {
            if (!steal) {
                return -Errno.EPERM;
            }
            before.disown(tty);
        }
        if (!session.acquire(tty)) {
            return -Errno.EPERM;
        }
        tty.setSession(session);
        tty.setForeground(group.processGroup().id());
        return 0;
    }

    /** TIOCNOTTY: a leader gives the terminal up for its whole session. */
    static long disown(Tty tty, Task task) {
        if (!controls(tty, task)) {
            return -Errno.ENOTTY;
        }
        Session session = task.group().session();
        if (session.leader() == task.group()) {
            ProcessGroup group = session.group(tty.foreground());
            tty.setSession(null);
            tty.setForeground(0);
            session.disown(tty);
            if (group != null) {
                group.send(SignalInfo.kernel(Signals.SIGHUP));
                group.send(SignalInfo.kernel(Signals.SIGCONT));
            }
        }
        return 0;
    }

    /** TIOCSPGRP. */
    static long setForeground(Tty tty, Task task, int id) {
        long refused = check(tty, task, Signals.SIGTTOU);
        if (refused != 0) {
            return refused == -Errno.EIO ? -Errno.ENOTTY : refused;
        }
        if (!controls(tty, task)) {
            return -Errno.ENOTTY;
        }
        if (id < 0) {
            return -Errno.EINVAL;
        }
        ProcessGroup group = task.pidNamespace().processGroup(id);
        if (group == null) {
            return -Errno.ESRCH;
        }
        if (group.session() != task.group().session()) {
            return -Errno.EPERM;
        }
        tty.setForeground(id);
        return 0;
    }
}
