// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.PidFd;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.vfs.FileDescription;

/** wait4(2) and waitid(2). */
final class WaitOperation {

    private final Processes processes;
    private final ThreadGroupImpl parent;
    private final TaskImpl caller;
    private final int idType;
    private final int id;
    private final int options;
    private final WaitResult result;

    WaitOperation(Processes processes, ThreadGroupImpl parent, TaskImpl caller, int idType, int id, int options,
            WaitResult result) {
        this.processes = processes;
        this.parent = parent;
        this.caller = caller;
        this.idType = idType;
        this.id = id;
        this.options = options;
        this.result = result;
    }

    long run() {
        ThreadGroup byDescriptor = null;
        if (idType == Wait.P_PIDFD) {
            FileDescription file = caller.files().acquire(id);
            if (file == null) {
                return -Errno.EBADF;
            }
            try {
                if (!(file.operations() instanceof PidFd pidfd)) {
                    return -Errno.EBADF;
                }
                byDescriptor = pidfd.group();
                if ((file.flags() & Open.O_NONBLOCK) != 0) {
                    long found = scan(byDescriptor);
                    return found == 0 && (options & Wait.WNOHANG) == 0 ? -Errno.EAGAIN : found;
                }
            } finally {
                file.release(caller);
            }
        }
        parent.childQueue().add(caller.ownEntry(), Poll.POLLIN);
        try {
            while (true) {
                long found = scan(byDescriptor);
                if (found != 0 || (options & Wait.WNOHANG) != 0) {
                    return found;
                }
                long slept = caller.sleep(Long.MAX_VALUE);
                if (slept != 0) {
                    // The signal may be that of the very child: it was a zombie before it was sent.
                    found = scan(byDescriptor);
                    return found != 0 ? found : slept;
                }
            }
        } finally {
            parent.childQueue().remove(caller.ownEntry());
        }
    }

    /** The pid of a child that has something to report, 0 when none has yet, or -ECHILD. */
    private long scan(ThreadGroup byDescriptor) {
        boolean any = false;
        try (Mutex _ = processes.lock.take()) {
            for (ThreadGroupImpl child : parent.childList()) {
                if (!isMeant(child, byDescriptor)) {
                    continue;
                }
                // Who has ended has nothing but that to report, as on Linux.
                any |= !child.zombie() || (options & Wait.WEXITED) != 0;
                if (report(child)) {
                    return child.pid();
                }
            }
        }
        return any ? 0 : -Errno.ECHILD;
    }

    private boolean isMeant(ThreadGroupImpl child, ThreadGroup byDescriptor) {
        if ((options & Wait.WNOTHREAD) != 0 && child.creator != caller) {
            return false;
        }
        // wait(2): a child that does not report by SIGCHLD is a "clone" child.
        boolean clone = child.exitSignal != Signals.SIGCHLD;
        if ((options & Wait.WALL) == 0 && clone != ((options & Wait.WCLONE) != 0)) {
            return false;
        }
        return switch (idType) {
            case Wait.P_PID -> child.pid() == id;
            case Wait.P_PGID -> child.processGroup().id() == (id == 0 ? parent.processGroup().id() : id);
            case Wait.P_PIDFD -> child == byDescriptor;
            default -> true;
        };
    }

    private boolean report(ThreadGroupImpl child) {
        boolean keep = (options & Wait.WNOWAIT) != 0;
        if (child.zombie()) {
            if ((options & Wait.WEXITED) == 0) {
                return false;
            }
            SignalInfo end = child.endInfo(Signals.SIGCHLD);
            fill(child, end.code(), end.status(), child.exitStatus());
            if (!keep) {
                parent.times().add(child);
                ExitOperation.reap(child);
            }
            return true;
        }
        try (Mutex _ = child.lock.take()) {
            int stop = (options & Wait.WSTOPPED) == 0 ? 0 : child.job.stopToReport(keep);
            if (stop != 0) {
                fill(child, Signals.CLD_STOPPED, stop, Wait.stopped(stop));
                return true;
            }
            if ((options & Wait.WCONTINUED) != 0 && child.job.continueToReport(keep)) {
                fill(child, Signals.CLD_CONTINUED, Signals.SIGCONT, Wait.CONTINUED);
                return true;
            }
        }
        return false;
    }

    private void fill(ThreadGroupImpl child, int code, int signalStatus, int status) {
        result.pid = child.pid();
        result.uid = child.leader().credentials().uid();
        result.status = status;
        result.code = code;
        result.signalStatus = signalStatus;
        result.userTimeNs = child.userTimeNs() + child.childrenUserTimeNs();
        result.systemTimeNs = child.systemTimeNs() + child.childrenSystemTimeNs();
        result.usage.add(child.usage()).add(child.childrenUsage());
        result.peakResidentBytes = Math.max(child.peakResidentBytes(false), child.peakResidentBytes(true));
    }
}
