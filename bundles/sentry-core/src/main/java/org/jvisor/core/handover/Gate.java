// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.lock.Condition;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.core.process.Processes;
import org.jvisor.core.process.TaskImpl;

/**
 * The way into the Sentry's code. While it is closed the whole kernel is at rest: no task is in a system call, a page fault, the
 * delivery of a signal, a clone or its end, nobody holds a lock or is in code of a bundle, and no timer's action runs; so the
 * kernel's objects can be saved, and their code replaced. Applications compute on until they call or fault.
 *
 * <p><b>Nobody is stopped for longer than it takes.</b> Before any task is, visitors that stay long (who makes a container asks a file
 * server) are waited for, and others are kept from coming; all else goes on. Then it closes for all; and when that does not come to an
 * end soon, because some are in calls of the host that last, it opens for all but those: each of them is held when it comes out, while
 * the others run, and only then it closes again.
 *
 * <p>Each task's {@link TaskImpl#GATE} hook is set before it is looked at where the task is, and a task says where it is before
 * it looks at its hook; so either the task sees that the gate is closed or its closer sees that it is inside. Tasks that are
 * inside calls are interrupted as when their handler is replaced: their calls begin again, with their deadlines, when the gate
 * opens. As long as the gate is closing, tasks that shall end may pass: execve(2) waits inside for the others of its process.
 */
public final class Gate {

    private static final int OPEN = 0;
    /** Visitors that stay long are kept out. */
    private static final int AWAITED = 1;
    /** So are those who were last when it closed, and has opened again for the others. */
    private static final int HELD = 2;
    private static final int CLOSING = 3;
    private static final int CLOSED = 4;

    /** How long all are stopped for some who do not come out: the first time, and at most. */
    private static final long FIRST_TRY_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_TRY_NS = TimeUnit.MILLISECONDS.toNanos(400);
    /**
     * Who comes out within this, while others stay inside, had no CPU before, or nearly none, and was in no call that lasts: it goes on
     * with the others. Once only, so that those who make one lasting call after the other are all held at last.
     */
    private static final long BRIEF_NS = TimeUnit.MILLISECONDS.toNanos(500);
    /** Between two looks, unless somebody arrives: at first, and at last. */
    private static final long FIRST_LOOK_NS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long LAST_LOOK_NS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Processes processes;
    private final KernelClock clock;
    private final Mutex lock = new Mutex(LockRank.GATE);
    private final Condition changed = new Condition(lock);
    /** Written with the lock. */
    private volatile int phase = OPEN;
    /** Who closes it, or has it closed; null while it is open. */
    private volatile Thread closer;

    /** Threads inside that are no task's: those that come for a moment, and those that stay. */
    private final AtomicInteger visitors = new AtomicInteger();
    private final AtomicInteger guests = new AtomicInteger();
    /** Tasks at their end, which nobody finds any more. */
    private final Set<TaskImpl> leaving = ConcurrentHashMap.newKeySet();
    /** Those who are held in {@link #HELD}; each set is not changed. */
    private volatile Set<TaskImpl> last = Set.of();

    /** The closer's: for how long all have been stopped, and who was inside when it was given up. */
    private long stoppedNs;
    private boolean timersPaused = true;
    private volatile List<String> stragglers = List.of();

    public Gate(Processes processes, KernelClock clock) {
        this.processes = processes;
        this.clock = clock;
    }

    // ---- who closes it; neither a task nor a visitor, and one at a time

    /**
     * Closes the gate and waits until nobody is inside.
     *
     * @param deadlineNs in {@link System#nanoTime}'s terms; then the gate is open again, and {@link #stragglers} says who was inside
     */
    public boolean close(long deadlineNs) {
        LockOrder.holdsOnlyBefore(LockRank.GATE, "where all tasks are waited for");
        try (Mutex _ = lock.take()) {
            if (closer != null) {
                throw new IllegalStateException("the gate is closed already");
            }
            closer = Thread.currentThread();
        }
        stoppedNs = 0;
        timersPaused = true;
        stragglers = List.of();
        boolean closed = false;
        try {
            enterPhase(AWAITED);
            closed = await(() -> guests.get() == 0, deadlineNs) && closeForTasks(deadlineNs);
        } finally {
            if (!closed) {
                stragglers = inside();
                open();
            }
        }
        return closed;
    }

    private boolean closeForTasks(long deadlineNs) {
        long tryNs = FIRST_TRY_NS;
        while (true) {
            // What a timer's action takes is nobody else's affair either.
            timersPaused = clock.pause(deadlineNs);
            if (!timersPaused) {
                return false;
            }
            long start = System.nanoTime();
            boolean closed = tryToClose(earlier(deadlineNs, start + tryNs));
            if (!closed) {
                letOthersGoOn();
            }
            stoppedNs += System.nanoTime() - start;
            if (closed) {
                return true;
            }
            Set<TaskImpl> ends = identitySet();
            ends.addAll(leaving);
            long waitNs = tryNs == FIRST_TRY_NS ? earlier(deadlineNs, System.nanoTime() + BRIEF_NS) : deadlineNs;
            if (!await(() -> lastAreOut(ends), waitNs)) {
                letGoWhoIsOut();
                if (!await(() -> lastAreOut(ends), deadlineNs)) {
                    return false;
                }
            }
            tryNs = Math.min(2 * tryNs, LONGEST_TRY_NS);
        }
    }

    private boolean tryToClose(long deadlineNs) {
        enterPhase(CLOSING);
        while (await(this::clear, deadlineNs)) {
            // From here on those that shall end wait, too; one may just have passed.
            enterPhase(CLOSED);
            if (clear()) {
                return true;
            }
            enterPhase(CLOSING);
        }
        return false;
    }

    /** All but those who have been asked to come out and are inside. */
    private void letOthersGoOn() {
        Set<TaskImpl> slow = identitySet();
        try (Mutex _ = processes.lock.take()) {
            for (TaskImpl task : processes.tasks()) {
                if (task.isInside() && (task.hooks() & TaskImpl.GATE) != 0) {
                    slow.add(task);
                }
            }
        }
        last = slow;
        enterPhase(HELD);
        try (Mutex _ = processes.lock.take()) {
            for (TaskImpl task : processes.tasks()) {
                if (!slow.contains(task)) {
                    letGo(task);
                }
            }
        }
        clock.resume();
    }

    private void letGoWhoIsOut() {
        Set<TaskImpl> out = identitySet();
        Set<TaskImpl> inside = identitySet();
        for (TaskImpl task : last) {
            (task.isInside() ? inside : out).add(task);
        }
        last = inside;
        out.forEach(Gate::letGo);
    }

    private boolean lastAreOut(Set<TaskImpl> ends) {
        boolean out = true;
        for (TaskImpl task : last) {
            if (task.isInside()) {
                out = false;
                askOut(task);
            }
        }
        if (!out) {
            return false;
        }
        ends.removeIf(task -> !leaving.contains(task));
        return ends.isEmpty();
    }

    private static Set<TaskImpl> identitySet() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    private static long earlier(long aNs, long bNs) {
        return aNs - bNs < 0 ? aNs : bNs;
    }

    /** The closer's; who arrives wakes it. */
    private static boolean await(BooleanSupplier condition, long deadlineNs) {
        LockOrder.mayWait("for tasks to come out");
        long lookNs = FIRST_LOOK_NS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs >= 0) {
                return false;
            }
            LockSupport.parkNanos(lookNs);
            lookNs = Math.min(2 * lookNs, LAST_LOOK_NS);
        }
        return true;
    }

    private void enterPhase(int next) {
        try (Mutex _ = lock.take()) {
            boolean wider = next < phase;
            phase = next;
            if (wider) {
                changed.signalAll();
            }
        }
    }

    /** Makes all applications come to the closed gate; false: not all have by the deadline, which is as in {@link #close}. */
    public boolean callOut(long deadlineNs) {
        try (Mutex _ = processes.lock.take()) {
            processes.tasks().forEach(TaskImpl::callOut);
        }
        return await(this::allOut, deadlineNs);
    }

    private boolean allOut() {
        try (Mutex _ = processes.lock.take()) {
            for (TaskImpl task : processes.tasks()) {
                if (!task.isOut()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whoever closed it, or was to. */
    public void open() {
        boolean paused = phase == CLOSED;
        enterPhase(OPEN);
        last = Set.of();
        try (Mutex _ = processes.lock.take()) {
            processes.tasks().forEach(Gate::letGo);
        }
        if (paused) {
            clock.resume();
        }
        closer = null;
    }

    private static void letGo(TaskImpl task) {
        task.removeHooks(TaskImpl.GATE);
        task.unpark();
    }

    /** For how long no call has been answered, from the last {@link #close} on to its end: in all tries, ns. The closer's. */
    long stoppedNs() {
        return stoppedNs;
    }

    /** After a {@link #close} that failed: who was inside, and in what. */
    List<String> stragglers() {
        return stragglers;
    }

    /** Whether nobody is inside; who is in a call is made to come out. */
    private boolean clear() {
        boolean clear = true;
        // With the tree's lock no task comes or goes, and none changes its id.
        try (Mutex _ = processes.lock.take()) {
            for (TaskImpl task : processes.tasks()) {
                task.addHooks(TaskImpl.GATE);
                if (!task.isInside()) {
                    continue;
                }
                clear = false;
                askOut(task);
            }
        }
        return clear && leaving.isEmpty() && visitors.get() == 0;
    }

    private static void askOut(TaskImpl task) {
        if (task.currentCall() >= 0) {
            task.restartCall();
        }
    }

    private List<String> inside() {
        List<String> found = new ArrayList<>();
        try (Mutex _ = processes.lock.take()) {
            for (TaskImpl task : processes.tasks()) {
                int call = task.currentCall();
                if (task.isInside() && last.contains(task)) {
                    found.add("task " + task.tid() + " (" + task.name() + ") in "
                            + (call >= 0 ? SyscallNr.name(call) : "a fault, a signal or its end"));
                }
            }
        }
        if (!leaving.isEmpty()) {
            found.add(leaving.size() + " tasks at their end");
        }
        int others = guests.get() + visitors.get();
        if (others > 0) {
            found.add(others + " threads that make or control containers");
        }
        if (!timersPaused) {
            found.add("a timer's action");
        }
        return found;
    }

    // ---- tasks

    /** Whether {@code task}, whose hook is set, has to wait. */
    public boolean holds(TaskImpl task) {
        return switch (phase) {
            case OPEN, AWAITED -> false;
            case HELD -> last.contains(task) && (task.work() & TaskImpl.EXIT) == 0;
            case CLOSING -> (task.work() & TaskImpl.EXIT) == 0;
            default -> true;
        };
    }

    /** A task has come out, and waits here. */
    public void arrived() {
        LockSupport.unpark(closer);
    }

    /** A task that is inside and comes to its end stays there until it {@link #leave leaves}, though nobody finds it any more. */
    public void stay(TaskImpl task) {
        leaving.add(task);
    }

    public void leave(TaskImpl task) {
        leaving.remove(task);
        arrived();
    }

    // ---- visitors: threads that are no task's

    /** Comes in for a moment, in which nobody outside is waited for; waits while the gate is closed. Not to be nested. */
    public void enter() {
        enter(visitors, CLOSING);
    }

    public void leave() {
        visitors.decrementAndGet();
        arrived();
    }

    /** Comes in to stay for as long as others take, such as file servers; waits while somebody closes the gate. Not to be nested. */
    public void enterForLong() {
        enter(guests, AWAITED);
    }

    public void leaveAfterLong() {
        guests.decrementAndGet();
        arrived();
    }

    /** @param barred the first phase in which nobody of these comes in */
    private void enter(AtomicInteger count, int barred) {
        LockOrder.holdsOnlyBefore(LockRank.GATE, "on the way through the gate");
        count.incrementAndGet();
        while (phase >= barred) {
            count.decrementAndGet();
            arrived();
            try (Mutex _ = lock.take()) {
                while (phase >= barred) {
                    changed.await();
                }
            }
            count.incrementAndGet();
        }
    }
}
