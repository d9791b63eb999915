// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.lock.Mutex;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;
import org.jvisor.core.process.UserCounts;

/** Sends signals to processes and threads (signal(7)). Any thread, with no group's lock held. */
public final class SignalSender {

    /** {@link #send}'s answer: the signal is ignored, or is pending already. */
    static final long NOT_QUEUED = 1;

    private SignalSender() {}

    /**
     * Sends {@code info} to the process, or to its thread {@code target} when that is not null.
     *
     * @return 0, {@link #NOT_QUEUED}, or -EAGAIN when there are too many already; that matters to sigqueue(3) only
     */
    public static long send(ThreadGroupImpl group, TaskImpl target, SignalInfo info) {
        return send(group, target, info, null);
    }

    /** By the container's operator, from whom the first process is not shielded: what would end another process ends it, too. */
    public static void sendFromOutside(ThreadGroupImpl group, SignalInfo info) {
        send(group, null, info, true, null);
    }

    /**
     * @param origin null for none; it hears of the signal only when this returns 0
     */
    public static long send(ThreadGroupImpl group, TaskImpl target, SignalInfo info, SignalQueue.Origin origin) {
        return send(group, target, info, false, origin);
    }

    private static long send(ThreadGroupImpl group, TaskImpl target, SignalInfo info, boolean outside,
            SignalQueue.Origin origin) {
        int signal = info.signal();
        int resumed = 0;
        int stopSignal;
        long result = 0;
        try (Mutex _ = group.lock.take()) {
            if (group.taskCount() == 0 || target != null && target.isGone()) {
                return 0;
            }
            if (signal == Signals.SIGKILL && group.shielded && !outside) {
                return NOT_QUEUED;
            }
            stopSignal = group.job.stopSignal();
            if (signal == Signals.SIGCONT || signal == Signals.SIGKILL) {
                resumed = resume(group, signal);
            } else if (Signals.contains(Signals.STOPPING, signal)) {
                discard(group, Signals.bit(Signals.SIGCONT));
            }
            if (signal == Signals.SIGKILL) {
                group.beginExit(Wait.signaled(signal, false));
            } else if (!ignored(group, target, signal, outside)) {
                result = queue(group, target, info, origin);
                if (outside) {
                    group.pending.markFromOutside(signal);
                }
            } else {
                result = NOT_QUEUED;
            }
        }
        if (resumed != 0 && signal == Signals.SIGCONT) {
            JobControl.notifyParent(group, resumed, resumed == Signals.CLD_CONTINUED ? Signals.SIGCONT : stopSignal);
        }
        return result;
    }

    private static int resume(ThreadGroupImpl group, int signal) {
        if (signal == Signals.SIGCONT) {
            discard(group, Signals.STOPPING);
            group.job.stopTaken = false;
        }
        return group.job.endStop();
    }

    private static void discard(ThreadGroupImpl group, long set) {
        group.pending.discard(set);
        for (TaskImpl task : group.liveTasks()) {
            task.pending.discard(set);
        }
    }

    private static boolean ignored(ThreadGroupImpl group, TaskImpl target, int signal, boolean outside) {
        TaskImpl asked = target != null ? target : group.leader();
        // A blocked signal stays pending: its action may have changed when it is unblocked.
        if (Signals.contains(asked.signalMask(), signal)) {
            return false;
        }
        if (group.shielded && !outside && group.actions.get(signal).handler() == Signals.SIG_DFL) {
            return true;
        }
        // SIGCONT has had its effect by now, whatever its action.
        return group.actions.ignores(signal);
    }

    private static long queue(ThreadGroupImpl group, TaskImpl target, SignalInfo info, SignalQueue.Origin origin) {
        SignalQueue queue = target != null ? target.pending : group.pending;
        int signal = info.signal();
        if (signal < Signals.SIGRTMIN) {
            if (!queue.add(info, origin)) {
                return NOT_QUEUED;
            }
        } else {
            long result = queueRealTime(group, queue, info, origin);
            if (result != 0) {
                return result;
            }
        }
        TaskImpl receiver = target != null ? target : choose(group, signal);
        if (receiver != null && receiver.wants(signal)) {
            receiver.addWork(TaskImpl.SIGNAL);
        }
        wakeSignalFiles(group, target);
        return 0;
    }

    /** Real-time signals are queued up to RLIMIT_SIGPENDING of the receiver's user; beyond, only those of kill(2) are noted. */
    private static long queueRealTime(ThreadGroupImpl group, SignalQueue queue, SignalInfo info,
            SignalQueue.Origin origin) {
        UserCounts users = group.containerImpl().users();
        int uid = group.leader().credentials().uid();
        boolean counted = users.addSignal(uid, group.softLimit(Rlimit.RLIMIT_SIGPENDING));
        if (!counted || !group.cgroup().tryCharge(Charge.QUEUED_SIGNAL, 1)) {
            if (counted) {
                users.removeSignal(uid);
            }
            if (info.code() < 0) {
                return -Errno.EAGAIN;
            }
            queue.addBare(info.signal());
            return 0;
        }
        queue.addCounted(info, origin, users, uid, group.cgroup());
        return 0;
    }

    private static void wakeSignalFiles(ThreadGroupImpl group, TaskImpl target) {
        if (target != null) {
            target.signalQueue().wake(Poll.POLLIN);
            return;
        }
        for (TaskImpl task : group.liveTasks()) {
            task.signalQueue().wake(Poll.POLLIN);
        }
    }

    /** A thread that does not block the signal, best one that has no other to deal with; null when all block it. */
    private static TaskImpl choose(ThreadGroupImpl group, int signal) {
        TaskImpl possible = null;
        TaskImpl leader = group.leader();
        if (wants(leader, signal)) {
            possible = leader;
        }
        if (possible != null && (possible.work() & TaskImpl.SIGNAL) == 0) {
            return possible;
        }
        for (TaskImpl task : group.liveTasks()) {
            if (wants(task, signal)) {
                if ((task.work() & TaskImpl.SIGNAL) == 0) {
                    return task;
                }
                possible = possible == null ? task : possible;
            }
        }
        return possible;
    }

    private static boolean wants(TaskImpl task, int signal) {
        return task.wants(signal) && !task.exiting();
    }

    /** {@code task} does not take the process's signals of {@code set} any more: others shall. With the group's lock held. */
    public static void retarget(ThreadGroupImpl group, TaskImpl task, long set) {
        long orphaned = group.pending.pending() & set;
        if (orphaned == 0) {
            return;
        }
        for (TaskImpl other : group.liveTasks()) {
            if (other != task && !other.exiting() && (orphaned & other.wantedSignals()) != 0) {
                other.addWork(TaskImpl.SIGNAL);
                orphaned &= ~other.wantedSignals();
            }
        }
    }

    /** The signal of a fault: a task that blocks or ignores it would only fault again, so then its default action is taken. */
    public static void force(TaskImpl task, SignalInfo info) {
        ThreadGroupImpl group = task.groupImpl();
        try (Mutex _ = group.lock.take()) {
            int signal = info.signal();
            long bit = Signals.bit(signal);
            boolean blocked = (task.signalMask() & bit) != 0;
            if (blocked || group.actions.get(signal).handler() == Signals.SIG_IGN) {
                group.actions.reset(signal);
                task.unblock(bit);
            }
            if (group.actions.get(signal).handler() == Signals.SIG_DFL) {
                group.shielded = false;
            }
            task.pending.discard(bit);
            task.pending.add(info, null);
            task.addWork(TaskImpl.SIGNAL);
        }
    }

    /** kill(2)'s permission: 0 or -EPERM. */
    public static long mayKill(TaskImpl sender, ThreadGroupImpl target, int signal) {
        if (sender.groupImpl() == target) {
            return 0;
        }
        Credentials from = sender.credentials();
        Credentials to = target.leader().credentials();
        boolean sameUser = from.euid() == to.suid() || from.euid() == to.uid() || from.uid() == to.suid()
                || from.uid() == to.uid();
        if (sameUser || from.has(Capability.CAP_KILL)) {
            return 0;
        }
        return signal == Signals.SIGCONT && sender.group().session() == target.session() ? 0 : -Errno.EPERM;
    }
}
