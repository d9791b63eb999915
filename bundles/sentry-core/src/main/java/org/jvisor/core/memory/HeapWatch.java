// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.memory;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.wait.ServiceThread;

/**
 * Sees to it that the heap never gets so full that the Sentry only collects garbage. It looks after each collection; where none
 * happens, it does nothing. Where more is in use than there should be, it collects for itself to see what of that is for good; above the
 * mark, the processes that are charged most are ended, one after the other, until it is enough. An OutOfMemoryError that anybody meets
 * ({@link #exhausted}) makes it look at once.
 *
 * <p>What is done then takes some memory, too. A reserve is held for it, which is given back first, and taken again afterwards.
 */
public final class HeapWatch {

    /** What the victim of a shortage has to be charged for, at least, of what is in use: to end others would not help. */
    private static final int LEAST_SHARE = 32;
    private static final int RESERVE_BYTES = 8 << 20;
    private static final int STACK_BYTES = 128 << 10;
    private static final int MIB = 20;
    /** So often what is to be done finds no memory itself before it is given up. */
    private static final int ATTEMPTS = 20;
    private static final int ROOM_BYTES = 256 << 10;
    private static final long ROOM_PAUSE_NS = 100_000_000;

    private static final Logger LOG = System.getLogger("org.jvisor.core.memory");

    private final Heap heap;
    private final OomKiller killer;
    private final Runnable lastResort;
    /** More than this for good is too much: what is left has to do for what is soon garbage, and for the way back. */
    private final long mark;
    /** So much more than the last time must be in use before it is worth a look. */
    private final long step;
    private final ServiceThread thread;

    /** Somebody has found no memory. */
    private volatile boolean demanded;
    /** It is so, as far as is known. */
    private volatile boolean scarce;
    /** Here an allocation ends up whose only use is that it was possible. */
    private volatile Object room;
    private volatile byte[] reserve;

    /** Bytes that were in use for good when that was last looked at. The thread's own. */
    private long lasting;

    /** @param lastResort ends the Sentry when to end processes does not help; allocates nothing, and does not return */
    public HeapWatch(OomKiller killer, Runnable lastResort) {
        this(new Heap(), killer, lastResort);
    }

    HeapWatch(Heap heap, OomKiller killer, Runnable lastResort) {
        this.heap = heap;
        this.killer = killer;
        this.lastResort = lastResort;
        mark = heap.maximum() / 4 * 3;
        step = heap.maximum() / 16;
        thread = new ServiceThread("heap-watch", STACK_BYTES, this::turn);
    }

    public void start() {
        thread.start();
    }

    /** A thread has met an OutOfMemoryError, and has left its call. Any thread; allocates nothing. */
    public void exhausted() {
        reserve = null;
        demanded = true;
        scarce = true;
        heap.interrupt();
    }

    /**
     * What must not fail half-way for lack of memory waits here for a moment in which there is some, in vain at last. Any thread.
     * Where memory is not known to be scarce it costs nothing.
     */
    public void awaitRoom() {
        LockOrder.mayWait("room in the heap");
        for (int i = 0; scarce && i < ATTEMPTS; i++) {
            try {
                room = new byte[ROOM_BYTES];
                room = null;
                return;
            } catch (OutOfMemoryError e) {
                exhausted();
                LockSupport.parkNanos(ROOM_PAUSE_NS);
            }
        }
    }

    private boolean turn() {
        if (!demanded) {
            heap.awaitCollection();
        }
        look();
        return true;
    }

    void look() {
        boolean asked = demanded;
        demanded = false;
        long used = heap.used();
        if (!asked && (used <= mark || used - lasting < step)) {
            lasting = Math.min(lasting, used);
            keepReserve(used);
            return;
        }
        lasting = heap.collect();
        if (lasting > mark) {
            scarce = true;
            relieve();
        }
        scarce = demanded;
        keepReserve(lasting);
    }

    /** An almost empty heap needs no reserve, and would have the pages for nothing else. */
    private void keepReserve(long used) {
        if (reserve == null && used > mark / 4 && used + RESERVE_BYTES <= mark) {
            reserve = new byte[RESERVE_BYTES];
        }
    }

    /** Others may have taken what the reserve was for: then it is tried again, after one more collection. */
    private void relieve() {
        for (int i = 0; i < ATTEMPTS; i++) {
            try {
                endProcesses();
                return;
            } catch (OutOfMemoryError e) {
                lasting = heap.collect();
            }
        }
        lastResort.run();
    }

    private void endProcesses() {
        reserve = null;
        while (lasting > mark) {
            long before = lasting;
            OomKiller.Victim victim = killer.killLargest(before / LEAST_SHARE);
            if (victim != null) {
                victim.awaitEnd();
            }
            if (!waitForRoom() && victim == null) {
                lastResort.run();
                return;
            }
            if (victim != null) {
                tell(victim, before);
            }
        }
        killer.endEmptyContainers();
    }

    /**
     * What was to go may need a moment for it: who ends gives back the last of it behind its end, and what a call keeps for itself goes when
     * that meets an OutOfMemoryError.
     *
     * @return whether there is room at last
     */
    private boolean waitForRoom() {
        lasting = heap.collect();
        for (int i = 0; lasting > mark && i < ATTEMPTS; i++) {
            LockSupport.parkNanos(ROOM_PAUSE_NS);
            lasting = heap.collect();
        }
        return lasting <= mark;
    }

    private void tell(OomKiller.Victim victim, long before) {
        try {
            // No room for words is no reason to end anybody else.
            LOG.log(Level.WARNING, "out of memory: killed {0}; {1} MiB of the heap were in use, now {2}", victim.ofHeap(),
                before >> MIB, lasting >> MIB);
        } catch (OutOfMemoryError e) {
            demanded = true;
        }
    }
}
