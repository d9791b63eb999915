// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import java.util.function.Consumer;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** What a process and the children that it has waited for have used (getrusage(2)). Any thread. */
public final class ProcessTimes implements Restorable {

    private static final long NS_PER_TICK = 10_000_000;

    private final ThreadGroupImpl group;
    private final Mutex lock = new Mutex(LockRank.ACCOUNTING);

    // Guarded by the lock.
    private long goneUserNs;
    private long goneSystemNs;
    private long childrenUserNs;
    private long childrenSystemNs;
    private long peakResident;
    private long childrenPeakResident;
    /** Of tasks that are gone; also what children have read and written that were waited for, as in Linux. */
    private final Usage gone = new Usage();
    private final Usage children = new Usage();

    public ProcessTimes(ThreadGroupImpl group) {
        this.group = group;
    }

    /** In clock ticks, of which a second has 100 (times(2)). */
    public static long ticks(long ns) {
        return ns / NS_PER_TICK;
    }

    public long userNs() {
        long sum = 0;
        for (TaskImpl task : group.liveTasks()) {
            sum += task.userTimeNs();
        }
        try (Mutex _ = lock.take()) {
            return sum + goneUserNs;
        }
    }

    public long systemNs() {
        long sum = 0;
        for (TaskImpl task : group.liveTasks()) {
            sum += task.systemTimeNs();
        }
        try (Mutex _ = lock.take()) {
            return sum + goneSystemNs;
        }
    }

    public long childrenUserNs() {
        try (Mutex _ = lock.take()) {
            return childrenUserNs;
        }
    }

    public long childrenSystemNs() {
        try (Mutex _ = lock.take()) {
            return childrenSystemNs;
        }
    }

    public void taskGone(TaskImpl task) {
        try (Mutex _ = lock.take()) {
            goneUserNs += task.userTimeNs();
            goneSystemNs += task.systemTimeNs();
            gone.add(task.usage());
        }
    }

    /** A memory manager of this process goes; {@code bytes} is its peak. */
    public void sawResident(long bytes) {
        try (Mutex _ = lock.take()) {
            peakResident = Math.max(peakResident, bytes);
        }
    }

    /** A child has been waited for. */
    public void add(ThreadGroupImpl child) {
        long user = child.userTimeNs() + child.childrenUserTimeNs();
        long system = child.systemTimeNs() + child.childrenSystemTimeNs();
        Usage usage = child.usage();
        Usage itsChildren = child.childrenUsage();
        long peak = Math.max(child.peakResidentBytes(false), child.peakResidentBytes(true));
        try (Mutex _ = lock.take()) {
            childrenUserNs += user;
            childrenSystemNs += system;
            children.add(usage).add(itsChildren);
            gone.addTransfers(usage);
            childrenPeakResident = Math.max(childrenPeakResident, peak);
        }
    }

    public Usage usage() {
        Usage sum = new Usage();
        for (TaskImpl task : group.liveTasks()) {
            sum.add(task.usage());
        }
        try (Mutex _ = lock.take()) {
            return sum.add(gone);
        }
    }

    public Usage childrenUsage() {
        try (Mutex _ = lock.take()) {
            return new Usage().add(children);
        }
    }

    public long peakResident() {
        long now = 0;
        for (TaskImpl task : group.liveTasks()) {
            MemoryManager mm = task.mm();
            if (mm != null) {
                now = mm.peakResidentBytes();
                break;
            }
        }
        try (Mutex _ = lock.take()) {
            return Math.max(now, peakResident);
        }
    }

    public long childrenPeakResident() {
        try (Mutex _ = lock.take()) {
            return childrenPeakResident;
        }
    }

    // ---- Restorable

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(gone);
        visitor.accept(children);
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord("process times", 1).putCore("group", group).put("goneUserNs", goneUserNs)
                    .put("goneSystemNs", goneSystemNs).put("childrenUserNs", childrenUserNs).put("childrenSystemNs", childrenSystemNs)
                    .put("peakResident", peakResident).put("childrenPeakResident", childrenPeakResident);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            goneUserNs = 0;
            goneSystemNs = 0;
            childrenUserNs = 0;
            childrenSystemNs = 0;
            peakResident = 0;
            childrenPeakResident = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.expectCore("group", group);
            goneUserNs = record.requireLong("goneUserNs");
            goneSystemNs = record.requireLong("goneSystemNs");
            childrenUserNs = record.requireLong("childrenUserNs");
            childrenSystemNs = record.requireLong("childrenSystemNs");
            peakResident = record.requireLong("peakResident");
            childrenPeakResident = record.requireLong("childrenPeakResident");
        }
    }
}
