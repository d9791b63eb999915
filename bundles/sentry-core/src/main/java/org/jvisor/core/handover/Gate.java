// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.core.process.Processes;
import org.jvisor.core.process.TaskImpl;

/**
 * The way into the Sentry's code. While it is closed the whole kernel is at rest: no task is in a system call, a page fault, the
 * delivery of a signal, a clone or its end, nobody holds a lock or is in code of a bundle, and no timer's action runs; so the
 * kernel's objects can be saved, and their code replaced. Applications compute on until they call or fault.
 *
 * <p>Each task's {@link TaskImpl#GATE} hook is set before it is looked at where the task is, and a task says where it is before
 * it looks at its hook; so either the task sees that the gate is closed or its closer sees that it is inside. Tasks that are
 * inside calls are interrupted as when their handler is replaced: their calls begin again, with their deadlines, when the gate
 * opens. As long as the gate is closing, tasks that shall end may pass: execve(2) waits inside for the others of its process.
 */
public final class Gate {

    private static final int OPEN = 0;
    private static final int CLOSING = 1;
    private static final int CLOSED = 2;

    private static final long POLL_NS = 50_000;

    private final Processes processes;
    private final KernelClock clock;
    private volatile int phase = OPEN;

    /** Threads inside that are no known task's: control threads, and tasks at their end. */
    private final AtomicInteger visitors = new AtomicInteger();

    /** Who was inside at the deadline. */
    private volatile List<String> stragglers = List.of();

    public Gate(Processes processes, KernelClock clock) {
        this.processes = processes;
        this.clock = clock;
    }

    // ---- who closes it; neither a task nor a visitor

    /**
     * Closes the gate and waits until nobody is inside.
     *
     * @param deadlineNs in {@link System#nanoTime}'s terms; then the gate is open again, and {@link #stragglers} says who was inside
     */
    public synchronized boolean close(long deadlineNs) {
        if (phase != OPEN) {
            throw new IllegalStateException("the gate is closed already");
        }
        stragglers = List.of();
        if (!clock.pause(deadlineNs)) {
            stragglers = List.of("a timer's action");
            return false;
        }
        phase = CLOSING;
        while (true) {
            if (clear()) {
                // From here on those that shall end wait, too; one may just have passed.
                phase = CLOSED;
                if (clear()) {
                    return true;
                }
                phase = CLOSING;
            }
            if (System.nanoTime() - deadlineNs >= 0) {
                stragglers = inside();
                open();
                return false;
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    /** Makes all applications come to the closed gate; false: not all have by the deadline, which is as in {@link #close}. */
    public synchronized boolean callOut(long deadlineNs) {
        synchronized (processes) {
            processes.tasks().forEach(TaskImpl::callOut);
        }
        while (!allOut()) {
            if (System.nanoTime() - deadlineNs >= 0) {
                return false;
            }
            LockSupport.parkNanos(POLL_NS);
        }
        return true;
    }

    private boolean allOut() {
        synchronized (processes) {
            for (TaskImpl task : processes.tasks()) {
                if (!task.isOut()) {
                    return false;
                }
            }
        }
        return true;
    }

    public synchronized void open() {
        phase = OPEN;
        synchronized (processes) {
            for (TaskImpl task : processes.tasks()) {
                task.removeHooks(TaskImpl.GATE);
                task.unpark();
            }
        }
        clock.resume();
        notifyAll();
    }

    /** After a {@link #close} that failed: who was inside, and in what. */
    List<String> stragglers() {
        return stragglers;
    }

    /** Whether nobody is inside; who is in a call is made to come out. */
    private boolean clear() {
        boolean clear = true;
        // With the tree's lock no task comes or goes, and none changes its id.
        synchronized (processes) {
            for (TaskImpl task : processes.tasks()) {
                task.addHooks(TaskImpl.GATE);
                if (!task.isInside()) {
                    continue;
                }
                clear = false;
                if (task.currentCall() >= 0) {
                    task.restartCall();
                }
            }
        }
        return clear && visitors.get() == 0;
    }

    private List<String> inside() {
        List<String> found = new ArrayList<>();
        synchronized (processes) {
            for (TaskImpl task : processes.tasks()) {
                int call = task.currentCall();
                if (task.isInside()) {
                    found.add("task " + task.tid() + " (" + task.name() + ") in "
                            + (call >= 0 ? SyscallNr.name(call) : "a fault, a signal or its end"));
                }
            }
        }
        int others = visitors.get();
        if (others > 0) {
            found.add(others + " threads that control containers or end tasks");
        }
        return found;
    }

    // ---- tasks

    /** Whether {@code task}, whose hook is set, has to wait. */
    public boolean holds(TaskImpl task) {
        return switch (phase) {
            case OPEN -> false;
            case CLOSING -> (task.work() & TaskImpl.EXIT) == 0;
            default -> true;
        };
    }

    /** A task that is inside goes on as a visitor, until {@link #leave}. */
    public void stay() {
        visitors.incrementAndGet();
    }

    // ---- visitors: threads that are no task's

    /** Waits until the gate is open. Not to be nested. */
    public void enter() {
        visitors.incrementAndGet();
        while (phase != OPEN) {
            visitors.decrementAndGet();
            awaitOpen();
            visitors.incrementAndGet();
        }
    }

    public void leave() {
        visitors.decrementAndGet();
    }

    private synchronized void awaitOpen() {
        boolean interrupted = false;
        while (phase != OPEN) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
