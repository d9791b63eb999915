// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/**
 * Whether a process is stopped (signal(7)), and what of that its parent has been told by wait(2). Guarded by the group's lock,
 * except where said.
 *
 * <p>A stop begins when a task takes a stop signal; it is complete when every task has come to {@link #taskStopped}, once.
 */
public final class JobControl implements Restorable {

    private final ThreadGroupImpl group;

    /** The signal that stops, from the beginning of the stop to its end; 0 otherwise. */
    private int stopSignal;
    /** Which stop that is: a task that slept through the end of one and the beginning of the next has to stop anew. */
    private volatile long stopNumber;
    private int running;
    private volatile boolean stopped;
    private boolean stopUnreported;
    private boolean continueUnreported;

    /** Set by whoever takes a stop signal, cleared by SIGCONT, so that one that comes in between is not lost. */
    boolean stopTaken;

    public JobControl(ThreadGroupImpl group) {
        this.group = group;
    }

    /** Any thread, without the lock. */
    public boolean isStopped() {
        return stopped;
    }

    boolean isStopping() {
        return stopSignal != 0;
    }

    /** Of the last stop that began. Any thread, without the lock. */
    public long stopNumber() {
        return stopNumber;
    }

    /** A stop signal has been taken: all tasks shall stop. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    void beginStop(int signal) {
        if (stopSignal != 0) {
            return;
        }
        stopSignal = signal;
        stopNumber++;
        running = group.taskCount();
        for (TaskImpl task : group.liveTasks()) {
            task.addWork(TaskImpl.STOP);
        }
    }

    /** {@code task} stops now, or has left for good; whether the stop is complete by that. */
    public boolean taskStopped(TaskImpl task) {
        if (stopSignal == 0 || stopped || task.lastStop == stopNumber) {
            return false;
        }
        task.lastStop = stopNumber;
        if (--running > 0) {
            return false;
        }
        stopped = true;
        stopUnreported = true;
        continueUnreported = false;
        return true;
    }

    /** Lets all tasks run again; CLD_CONTINUED or CLD_STOPPED, which the parent is to be told, or 0. */
    public int endStop() {
        if (stopSignal == 0) {
            return 0;
        }
        boolean complete = stopped;
        stopSignal = 0;
        stopped = false;
        stopUnreported = false;
        for (TaskImpl task : group.liveTasks()) {
            task.removeWork(TaskImpl.STOP);
            task.unpark();
        }
        if (complete) {
            continueUnreported = true;
        }
        return complete ? Signals.CLD_CONTINUED : Signals.CLD_STOPPED;
    }

    /** wait(2) with WUNTRACED: the signal of a stop that has not been reported, or 0. */
    public int stopToReport(boolean keep) {
        if (!stopUnreported) {
            return 0;
        }
        stopUnreported = keep;
        return stopSignal;
    }

    /** wait(2) with WCONTINUED. */
    public boolean continueToReport(boolean keep) {
        if (!continueUnreported) {
            return false;
        }
        continueUnreported = keep;
        return true;
    }

    public int stopSignal() {
        return stopSignal;
    }

    /** Tells the parent; without the lock. */
    public static void notifyParent(ThreadGroupImpl group, int code, int signal) {
        ThreadGroupImpl parent = group.parent();
        if (parent == null) {
            return;
        }
        SignalAction action = parent.action(Signals.SIGCHLD);
        if (action.handler() != Signals.SIG_IGN && (action.flags() & Signals.SA_NOCLDSTOP) == 0) {
            parent.send(group.childInfo(Signals.SIGCHLD, code, signal));
        }
        parent.childQueue().wake(Poll.POLLIN);
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("job control", 1).putCore("group", group).put("stopSignal", stopSignal).put("stopNumber", stopNumber)
                .put("running", running).put("stopped", stopped).put("stopUnreported", stopUnreported)
                .put("continueUnreported", continueUnreported).put("stopTaken", stopTaken);
    }

    /** But for the number of the stop, which tasks that stand still look at outside of the gate. */
    @Override
    public void forget() {
        stopSignal = 0;
        running = 0;
        stopped = false;
        stopUnreported = false;
        continueUnreported = false;
        stopTaken = false;
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("group", group);
        record.expect("stopNumber", stopNumber);
        stopSignal = record.requireInt("stopSignal");
        running = record.requireInt("running");
        stopped = record.getBoolean("stopped", false);
        stopUnreported = record.getBoolean("stopUnreported", false);
        continueUnreported = record.getBoolean("continueUnreported", false);
        stopTaken = record.getBoolean("stopTaken", false);
    }
}
