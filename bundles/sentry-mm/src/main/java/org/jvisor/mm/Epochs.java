// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryFile;

/**
 * Who may still hold addresses of frames that have been released. A thread notes the current epoch when it enters; frames that
 * were released in epoch n are nobody's any more once every thread inside has entered in a later one.
 */
final class Epochs {

    private static final VarHandle ENTERED;

    static {
        try {
            ENTERED = MethodHandles.lookup().findVarHandle(Slot.class, "entered", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final Mark[] NONE = {};

    private static final int SPINS = 200;
    private static final long PARK_NS = 20_000;

    private final AtomicLong current = new AtomicLong(1);
    /** Guards the writing of {@link #marks}. */
    private final Mutex lock = new Mutex(LockRank.LEAF);
    private volatile Mark[] marks = NONE;

    long current() {
        return current.get();
    }

    /** Begins a new epoch. */
    void advance() {
        current.incrementAndGet();
    }

    /**
     * Waits until every other thread that is inside now has left, or for {@code timeoutNs}. The caller holds no lock that they
     * could wait for.
     */
    void awaitOthers(long timeoutNs) {
        LockOrder.mayWait("who may hold addresses of released frames");
        long next = current.incrementAndGet();
        VarHandle.fullFence();
        long deadline = System.nanoTime() + timeoutNs;
        Thread self = Thread.currentThread();
        for (Mark mark : marks) {
            for (int i = 0; mark.thread != self && mark.isInsideSinceBefore(next); i++) {
                if (i < SPINS) {
                    Thread.onSpinWait();
                } else if (System.nanoTime() < deadline) {
                    LockSupport.parkNanos(PARK_NS);
                } else {
                    return;
                }
            }
        }
    }

    /** The epoch that the longest-staying thread entered in; Long.MAX_VALUE when nobody is inside. */
    long oldest() {
        // Whoever enters after this fence sees what was unlinked before it.
        VarHandle.fullFence();
        long oldest = Long.MAX_VALUE;
        for (Mark mark : marks) {
            long entered = (long) ENTERED.getAcquire(mark);
            if (entered != 0 && entered < oldest) {
                oldest = entered;
            }
        }
        return oldest;
    }

    Mark newMark() {
        try (Mutex _ = lock.take()) {
            Mark mark = new Mark(this);
            Mark[] old = marks;
            Mark[] next = Arrays.copyOf(old, old.length + 1);
            next[old.length] = mark;
            marks = next;
            return mark;
        }
    }

    private void remove(Mark mark) {
        try (Mutex _ = lock.take()) {
            Mark[] old = marks;
            int at = Arrays.asList(old).indexOf(mark);
            if (at < 0) {
                return;
            }
            Mark[] next = new Mark[old.length - 1];
            System.arraycopy(old, 0, next, 0, at);
            System.arraycopy(old, at + 1, next, at, next.length - at);
            marks = next;
        }
    }

    /** Keeps marks of different threads on different cache lines. */
    @SuppressWarnings("unused")
    private abstract static class Padding {
        long p1;
        long p2;
        long p3;
        long p4;
        long p5;
        long p6;
        long p7;
    }

    private abstract static class Slot extends Padding {
        /** 0 while outside. */
        long entered;
    }

    static final class Mark extends Slot implements MemoryFile.Epoch {
        private final Epochs owner;
        private final Thread thread = Thread.currentThread();

        private Mark(Epochs owner) {
            this.owner = owner;
        }

        private boolean isInsideSinceBefore(long epoch) {
            long entered = (long) ENTERED.getAcquire(this);
            return entered != 0 && entered < epoch;
        }

        @Override
        public void enter() {
            mark();
            // No look-up that follows may come before the mark is seen.
            VarHandle.fullFence();
        }

        @Override
        public void mark() {
            ENTERED.setRelease(this, owner.current.get());
        }

        @Override
        public void leave() {
            ENTERED.setRelease(this, 0L);
        }

        @Override
        public void close() {
            leave();
            owner.remove(this);
        }
    }
}
