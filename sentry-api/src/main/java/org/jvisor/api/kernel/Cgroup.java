// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * What programs make the Sentry keep, counted by kind ({@link Charge}), and how much of it they may: one object a container, below
 * the sandbox's own, and one a process below its container's. Whatever is charged counts in all of them up to the top. What a process
 * has left behind (a file in memory, a socket in flight) stays charged to it, and so to its container. Any thread; charging allocates
 * nothing.
 */
public final class Cgroup implements Restorable {

    private static final Charge[] KINDS = Charge.values();
    private static final MemoryEvent[] EVENTS = MemoryEvent.values();
    private static final VarHandle MEMORY_FILE;
    private static final VarHandle MEMORY_EVENTS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MEMORY_FILE = lookup.findVarHandle(Cgroup.class, "memoryFile", MemoryFile.class);
            MEMORY_EVENTS = lookup.findVarHandle(Cgroup.class, "memoryEvents", AtomicLongArray.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Cgroup parent;
    /** By kind, as are the limits, which are null as long as there are none. */
    private final AtomicLongArray used = new AtomicLongArray(KINDS.length);
    private volatile AtomicLongArray limits;
    private final AtomicLong heap = new AtomicLong();
    private final AtomicLong memory = new AtomicLong();
    private volatile long heapLimit = Long.MAX_VALUE;
    private volatile long memoryLimit = Long.MAX_VALUE;
    /** By {@link MemoryEvent}; null: there was none yet. */
    private volatile AtomicLongArray memoryEvents;
    /** Of a container's; null until somebody asks for it. */
    private volatile MemoryFile memoryFile;

    /** @param parent what this one's use counts in too; null: it is the top one. Without limits of its own. */
    public Cgroup(Cgroup parent) {
        this.parent = parent;
    }

    public Cgroup parent() {
        return parent;
    }

    /** The container's: the one below the top. The top one's is its own. */
    public Cgroup container() {
        Cgroup found = this;
        while (found.parent != null && found.parent.parent != null) {
            found = found.parent;
        }
        return found;
    }

    /** How many units are there. */
    public long used(Charge kind) {
        return used.get(kind.ordinal());
    }

    public long limit(Charge kind) {
        AtomicLongArray set = limits;
        return set == null ? Long.MAX_VALUE : set.get(kind.ordinal());
    }

    /** What is there already stays, even beyond the limit. One thread at a time. */
    public void setLimit(Charge kind, long units) {
        AtomicLongArray set = limits;
        if (set == null) {
            set = new AtomicLongArray(KINDS.length);
            for (int i = 0; i < KINDS.length; i++) {
                set.set(i, Long.MAX_VALUE);
            }
        }
        set.set(kind.ordinal(), units);
        limits = set;
    }

    /** How many units there may be at most, here and above, if there is nothing else. */
    public long most(Charge kind) {
        long most = limit(kind);
        if (kind.heapBytes() > 0) {
            most = Math.min(most, heapLimit / kind.heapBytes());
        }
        if (kind.memoryBytes() > 0) {
            most = Math.min(most, memoryLimit / kind.memoryBytes());
        }
        return parent == null ? most : Math.min(most, parent.most(kind));
    }

    /** Bytes of the Sentry's heap that all that is charged takes, about. */
    public long heapBytes() {
        return heap.get();
    }

    public long heapLimit() {
        return heapLimit;
    }

    public void setHeapLimit(long bytes) {
        heapLimit = bytes;
    }

    /** Bytes of memory that all that is charged takes, beside the heap. */
    public long memoryBytes() {
        return memory.get();
    }

    public long memoryLimit() {
        return memoryLimit;
    }

    public void setMemoryLimit(long bytes) {
        memoryLimit = bytes;
    }

    /** Takes {@code count} units, here and above, where all limits allow it; whether they were taken. */
    public boolean tryCharge(Charge kind, long count) {
        if (add(kind, count) && (parent == null || parent.tryCharge(kind, count))) {
            return true;
        }
        add(kind, -count);
        return false;
    }

    /** The same. @throws ErrnoException with the kind's errno where there may be no more */
    public void requireCharge(Charge kind, long count) {
        if (!tryCharge(kind, count)) {
            throw ErrnoException.of(kind.errno());
        }
    }

    /** Takes {@code count} units, whatever the limits say: it was looked before whether there is room, or they are there already. */
    public void charge(Charge kind, long count) {
        add(kind, count);
        if (parent != null) {
            parent.charge(kind, count);
        }
    }

    /** Gives {@code count} units back, here and above. */
    public void uncharge(Charge kind, long count) {
        charge(kind, -count);
    }

    /** Whether nothing more of a kind may be taken, here or above. */
    public boolean isFull(Charge kind) {
        return used(kind) >= limit(kind) || kind.heapBytes() > 0 && heap.get() >= heapLimit
                || kind.memoryBytes() > 0 && memory.get() >= memoryLimit || parent != null && parent.isFull(kind);
    }

    /**
     * The memory file as the container has it; see {@link org.jvisor.api.mm.Memory#file(Cgroup)}. Kept here, so that it goes with it.
     *
     * @param maker makes it when it is first asked for; where several do so at a time, one's is taken
     */
    public MemoryFile memoryFile(Function<? super Cgroup, ? extends MemoryFile> maker) {
        Cgroup container = container();
        if (container.memoryFile == null) {
            MEMORY_FILE.compareAndSet(container, null, maker.apply(container));
        }
        return container.memoryFile;
    }

    /** Counts one that has happened to it. */
    public void countMemoryEvent(MemoryEvent event) {
        if (memoryEvents == null) {
            MEMORY_EVENTS.compareAndSet(this, null, new AtomicLongArray(EVENTS.length));
        }
        memoryEvents.incrementAndGet(event.ordinal());
    }

    /** How often it has happened. */
    public long memoryEvents(MemoryEvent event) {
        AtomicLongArray counts = memoryEvents;
        return counts == null ? 0 : counts.get(event.ordinal());
    }

    /** How many units more may be taken, here and above, as far as that is known. */
    public long room(Charge kind) {
        long room = Long.MAX_VALUE;
        for (Cgroup one = this; one != null; one = one.parent) {
            room = Math.min(room, one.limit(kind) - one.used(kind));
            if (kind.heapBytes() > 0) {
                room = Math.min(room, (one.heapLimit - one.heap.get()) / kind.heapBytes());
            }
            if (kind.memoryBytes() > 0) {
                room = Math.min(room, (one.memoryLimit - one.memory.get()) / kind.memoryBytes());
            }
        }
        return Math.max(0, room);
    }

    /** Whether that is within the limits. */
    private boolean add(Charge kind, long count) {
        boolean within = used.addAndGet(kind.ordinal(), count) <= limit(kind);
        if (kind.heapBytes() != 0) {
            within &= heap.addAndGet(count * kind.heapBytes()) <= heapLimit;
        }
        if (kind.memoryBytes() != 0) {
            within &= memory.addAndGet(count * kind.memoryBytes()) <= memoryLimit;
        }
        return within;
    }

    // ---- Restorable

    /** Kinds by their names, of which a later version may have others: those start at nothing, and without a limit. */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("cgroup", 2).putCore("parent", parent).put("heap", heap.get())
                .put("memory", memory.get()).put("heapLimit", heapLimit).put("memoryLimit", memoryLimit);
        for (MemoryEvent event : EVENTS) {
            record.put("event " + event, memoryEvents(event));
        }
        for (Charge kind : KINDS) {
            record.put("used " + kind, used(kind));
            if (limit(kind) != Long.MAX_VALUE) {
                record.put("limit " + kind, limit(kind));
            }
        }
        return record;
    }

    @Override
    public void forget() {
        heap.set(0);
        memory.set(0);
        heapLimit = 0;
        memoryLimit = 0;
        memoryEvents = null;
        for (int i = 0; i < KINDS.length; i++) {
            used.set(i, 0);
        }
        limits = null;
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("parent", parent);
        heap.set(record.requireLong("heap"));
        memory.set(record.requireLong("memory"));
        heapLimit = record.getLong("heapLimit", Long.MAX_VALUE);
        memoryLimit = record.getLong("memoryLimit", Long.MAX_VALUE);
        AtomicLongArray counts = new AtomicLongArray(EVENTS.length);
        for (MemoryEvent event : EVENTS) {
            counts.set(event.ordinal(), record.getLong("event " + event, 0));
        }
        memoryEvents = counts;
        for (Charge kind : KINDS) {
            used.set(kind.ordinal(), record.getLong("used " + kind, 0));
            long limit = record.getLong("limit " + kind, Long.MAX_VALUE);
            if (limit != Long.MAX_VALUE) {
                setLimit(kind, limit);
            }
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        if (parent != null) {
            visitor.accept(parent);
        }
    }
}
