// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.core.signal.JobControl;
import org.jvisor.core.signal.SignalSender;

/**
 * The end of a task (_exit(2)), in its own thread; with the last one its process becomes a zombie. Much of it is code of other
 * bundles: what fails there does not keep the rest from coming.
 */
public final class ExitOperation {

    private final TaskImpl task;
    private final ThreadGroupImpl group;
    private final Processes processes;

    /** What has to wait until the tree's lock is free. */
    private final List<Runnable> afterwards = new ArrayList<>();

    public ExitOperation(TaskImpl task) {
        this.task = task;
        this.group = task.groupImpl();
        this.processes = task.kernelImpl().processes();
    }

    public void run() {
        task.setExiting();
        ThreadFarewell.leave(task);
        Attempt.to("let the parent of a vfork go on", task::endVfork);
        giveResourcesBack();
        boolean stopComplete;
        int stopSignal;
        try (Mutex _ = processes.lock.take()) {
            try (Mutex _ = group.lock.take()) {
                group.removeTask(task);
                stopSignal = group.job.stopSignal();
                stopComplete = group.taskCount() > 0 && (task.work() & TaskImpl.STOP) != 0 && group.job.taskStopped(task);
                Attempt.to("pass signals on", () -> SignalSender.retarget(group, task, ~task.signalMask()));
            }
            leaveProcess();
        }
        if (stopComplete) {
            Attempt.to("tell of a stop", () -> JobControl.notifyParent(group, Signals.CLD_STOPPED, stopSignal));
        }
        afterwards.forEach(step -> Attempt.to("tell of an end", step));
    }

    private void giveResourcesBack() {
        Attempt.to("release descriptors", () -> task.files().release(task));
        Attempt.to("leave the working directory", () -> task.setFs(null));
        Attempt.to("leave namespaces", () -> task.namespaces().release());
        MemoryManager mm = task.mm();
        task.setMemory(null, null);
        if (task.context() != null) {
            Attempt.to("release a context", () -> task.context().release());
        }
        if (mm != null) {
            Attempt.to("count memory", () -> group.times().sawResident(mm.peakResidentBytes()));
            Attempt.to("release memory", () -> mm.release(task));
        }
        task.dropTools();
    }

    // ---- with the tree's lock held

    private void leaveProcess() {
        group.times().taskGone(task);
        processes.addGoneTimes(task.userTimeNs(), task.systemTimeNs());
        group.containerImpl().users().removeTask(task.credentials().uid());
        Attempt.to("tell children of their parent's death", this::sendDeathSignals);
        boolean last = group.taskCount() == 0;
        if (task != group.leader()) {
            task.pidNamespace().remove(task);
        }
        if (!last) {
            TaskImpl executing = group.execing;
            if (executing != null) {
                executing.wake();
            }
            handChildrenTo(group.liveTasks()[0]);
            return;
        }
        endProcess();
    }

    /** prctl(2) PR_SET_PDEATHSIG: the parent that dies is the thread that called fork(2). */
    private void sendDeathSignals() {
        for (ThreadGroupImpl child : group.childList()) {
            if (child.creator == task) {
                for (TaskImpl childTask : child.liveTasks()) {
                    int signal = childTask.parentDeathSignal();
                    if (signal != 0) {
                        child.send(new SignalInfo(signal, Signals.SI_USER, group.pid(), task.credentials().uid(), 0, 0, 0, 0));
                    }
                }
            }
        }
    }

    private void handChildrenTo(TaskImpl sibling) {
        for (ThreadGroupImpl child : group.childList()) {
            if (child.creator == task) {
                child.creator = sibling;
            }
        }
    }

    private void endProcess() {
        Attempt.to("end timers", () -> group.endTimers(true));
        Attempt.to("hand children over", this::reparentChildren);
        group.setZombie(group.statusAtEnd());
        Attempt.to("hang up a process group", () -> hangUpOrphans(group, group.parent(), group));
        if (group.session().leader() == group) {
            endSession();
        }
        Attempt.to("wake who waits for the end", () -> group.exitQueue().wake(Poll.POLLIN));
        Attempt.to("end a container", () -> group.containerImpl().processEnded(group));
        Attempt.to("tell the parent", () -> notifyParent(group));
        afterwards.add(group.containerImpl()::endWhenEmpty);
    }

    private void reparentChildren() {
        ThreadGroupImpl reaper = reaper();
        for (ThreadGroupImpl child : List.copyOf(group.childList())) {
            child.setParent(reaper);
            if (reaper == null) {
                if (child.zombie()) {
                    reap(child);
                }
                continue;
            }
            child.creator = reaper.leader();
            // Whoever adopts is told in the usual way (clone(2)).
            child.exitSignal = Signals.SIGCHLD;
            if (child.zombie()) {
                notifyParent(child);
            }
            hangUpOrphans(child, group, null);
        }
    }

    /** The nearest ancestor that asked for it (PR_SET_CHILD_SUBREAPER), or the container's first process. */
    private ThreadGroupImpl reaper() {
        for (ThreadGroupImpl ancestor = group.parent(); ancestor != null; ancestor = ancestor.parent()) {
            if (ancestor.childSubreaper() && !ancestor.zombie()) {
                return ancestor;
            }
        }
        ThreadGroupImpl init = group.containerImpl().init();
        return init == group || init.zombie() ? null : init;
    }

    /**
     * setpgid(2): a process group that becomes orphaned with stopped members gets SIGHUP and SIGCONT. It becomes so by the end of
     * a {@code member} or of its {@code parent}, who are of one session and of two groups: otherwise it was nobody's charge before.
     */
    private void hangUpOrphans(ThreadGroupImpl member, ThreadGroupImpl parent, ThreadGroupImpl leaving) {
        ProcessGroupImpl orphans = member.processGroup();
        boolean wasCharge = parent != null && parent.processGroup() != orphans && parent.session() == member.session();
        if (wasCharge && orphans.hasStoppedMember() && orphans.isOrphanedWithout(leaving)) {
            afterwards.add(() -> {
                orphans.send(SignalInfo.kernel(Signals.SIGHUP));
                orphans.send(SignalInfo.kernel(Signals.SIGCONT));
            });
        }
    }

    /** credentials(7), setsid(2): the terminal is nobody's, its foreground job is told. */
    private void endSession() {
        SessionImpl session = (SessionImpl) group.session();
        Tty tty = session.tty();
        if (tty == null) {
            return;
        }
        afterwards.add(() -> {
            ProcessGroupImpl foreground = group.pidNamespace().processGroup(tty.foreground());
            Attempt.to("hang up a terminal", tty::hangup);
            session.disown(tty);
            if (foreground != null) {
                foreground.send(SignalInfo.kernel(Signals.SIGHUP));
            }
        });
    }

    /** Tells the parent of {@code ended}, or, when it does not care (SA_NOCLDWAIT), clears the zombie away. */
    private void notifyParent(ThreadGroupImpl ended) {
        ThreadGroupImpl parent = ended.parent();
        if (parent == null) {
            reap(ended);
            return;
        }
        boolean forgotten = false;
        if (ended.exitSignal == Signals.SIGCHLD) {
            SignalAction action = parent.action(Signals.SIGCHLD);
            boolean ignored = action.handler() == Signals.SIG_IGN;
            forgotten = ignored || (action.flags() & Signals.SA_NOCLDWAIT) != 0;
            if (!ignored) {
                parent.send(ended.endInfo(Signals.SIGCHLD));
            }
        } else if (ended.exitSignal != 0) {
            parent.send(ended.endInfo(ended.exitSignal));
        }
        if (forgotten) {
            reap(ended);
        }
        parent.childQueue().wake(Poll.POLLIN);
    }

    /** Nothing is left of a zombie but what its parent has been told; with the tree's lock held. */
    static void reap(ThreadGroupImpl zombie) {
        zombie.reaped = true;
        zombie.setParent(null);
        zombie.leaveProcessGroup();
        zombie.pidNamespace().remove(zombie.leader());
        zombie.pidNamespace().remove(zombie);
    }
}
