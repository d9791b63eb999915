// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * What the processes of a container use up of what the Sentry itself has, and how much of it they may: one object a container, below
 * the sandbox's own. Whatever is charged counts in all of them up to the top. Any thread; charging allocates nothing.
 */
public final class Cgroup implements Restorable {

    /** What is counted. */
    public enum Counter {
        /** Bytes of the Sentry's heap that inodes, names, extended attributes, items of queues and the like take, about. */
        HEAP_BYTES,
        /** Processes and threads, zombies among them. */
        TASKS,
        /** Open file descriptions. */
        OPEN_FILES,
        /** Bytes of memory that sockets' buffers take. */
        SOCKET_BYTES
    }

    private static final int COUNTERS = Counter.values().length;

    private final Cgroup parent;
    private final AtomicLong[] used = new AtomicLong[COUNTERS];
    private final AtomicLong[] limits = new AtomicLong[COUNTERS];

    /** @param parent what this one's use counts in too; null: it is the top one. Without limits of its own. */
    public Cgroup(Cgroup parent) {
        this.parent = parent;
        for (int i = 0; i < COUNTERS; i++) {
            used[i] = new AtomicLong();
            limits[i] = new AtomicLong(Long.MAX_VALUE);
        }
    }

    public Cgroup parent() {
        return parent;
    }

    public long used(Counter counter) {
        return used[counter.ordinal()].get();
    }

    public long limit(Counter counter) {
        return limits[counter.ordinal()].get();
    }

    /** What is used already stays, even beyond the limit. */
    public void setLimit(Counter counter, long limit) {
        limits[counter.ordinal()].set(limit);
    }

    /** Takes {@code amount}, here and above, where all limits allow it; whether it was taken. */
    public boolean tryCharge(Counter counter, long amount) {
        AtomicLong mine = used[counter.ordinal()];
        if (mine.addAndGet(amount) > limits[counter.ordinal()].get() || parent != null && !parent.tryCharge(counter, amount)) {
            mine.addAndGet(-amount);
            return false;
        }
        return true;
    }

    /** Takes {@code amount}, whatever the limits say: it was looked before whether there is room. */
    public void charge(Counter counter, long amount) {
        used[counter.ordinal()].addAndGet(amount);
        if (parent != null) {
            parent.charge(counter, amount);
        }
    }

    /** Whether nothing more may be taken, here or above. */
    public boolean isFull(Counter counter) {
        return used(counter) >= limit(counter) || parent != null && parent.isFull(counter);
    }

    /** Gives {@code amount} back, here and above. */
    public void uncharge(Counter counter, long amount) {
        used[counter.ordinal()].addAndGet(-amount);
        if (parent != null) {
            parent.uncharge(counter, amount);
        }
    }

    // ---- Restorable

    /** Counters by their names, of which a later version may have others: those start at nothing, and without a limit. */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("cgroup", 1).putCore("parent", parent);
        for (Counter counter : Counter.values()) {
            record.put("used " + counter, used(counter)).put("limit " + counter, limit(counter));
        }
        return record;
    }

    @Override
    public void forget() {
        for (int i = 0; i < COUNTERS; i++) {
            used[i].set(0);
            limits[i].set(0);
        }
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("parent", parent);
        for (Counter counter : Counter.values()) {
            used[counter.ordinal()].set(record.getLong("used " + counter, 0));
            setLimit(counter, record.getLong("limit " + counter, Long.MAX_VALUE));
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        if (parent != null) {
            visitor.accept(parent);
        }
    }
}
