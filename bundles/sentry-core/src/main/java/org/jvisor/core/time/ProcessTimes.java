// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** What a process and the children that it has waited for have used (getrusage(2)). Any thread. */
public final class ProcessTimes implements Restorable {

    private static final long NS_PER_TICK = 10_000_000;

    private final ThreadGroupImpl group;

    // Guarded by this.
    private long goneUserNs;
    private long goneSystemNs;
    private long childrenUserNs;
    private long childrenSystemNs;
    private long peakResident;
    private long childrenPeakResident;

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
        synchronized (this) {
            return sum + goneUserNs;
        }
    }

    public long systemNs() {
        long sum = 0;
        for (TaskImpl task : group.liveTasks()) {
            sum += task.systemTimeNs();
        }
        synchronized (this) {
            return sum + goneSystemNs;
        }
    }

    public synchronized long childrenUserNs() {
        return childrenUserNs;
    }

    public synchronized long childrenSystemNs() {
        return childrenSystemNs;
    }

    public synchronized void taskGone(TaskImpl task) {
        goneUserNs += task.userTimeNs();
        goneSystemNs += task.systemTimeNs();
    }

    /** A memory manager of this process goes; {@code bytes} is its peak. */
    public synchronized void sawResident(long bytes) {
        peakResident = Math.max(peakResident, bytes);
    }

    /** A child has been waited for. */
    public void add(ThreadGroupImpl child) {
        long user = child.userTimeNs() + child.childrenUserTimeNs();
        long system = child.systemTimeNs() + child.childrenSystemTimeNs();
        long peak = Math.max(child.peakResidentBytes(false), child.peakResidentBytes(true));
        synchronized (this) {
            childrenUserNs += user;
            childrenSystemNs += system;
            childrenPeakResident = Math.max(childrenPeakResident, peak);
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
        synchronized (this) {
            return Math.max(now, peakResident);
        }
    }

    public synchronized long childrenPeakResident() {
        return childrenPeakResident;
    }

    // ---- Restorable

    @Override
    public synchronized StateRecord save() {
        return new StateRecord("process times", 1).putCore("group", group).put("goneUserNs", goneUserNs)
                .put("goneSystemNs", goneSystemNs).put("childrenUserNs", childrenUserNs).put("childrenSystemNs", childrenSystemNs)
                .put("peakResident", peakResident).put("childrenPeakResident", childrenPeakResident);
    }

    @Override
    public synchronized void forget() {
        goneUserNs = 0;
        goneSystemNs = 0;
        childrenUserNs = 0;
        childrenSystemNs = 0;
        peakResident = 0;
        childrenPeakResident = 0;
    }

    @Override
    public synchronized void restore(StateRecord record) {
        record.expectCore("group", group);
        goneUserNs = record.requireLong("goneUserNs");
        goneSystemNs = record.requireLong("goneSystemNs");
        childrenUserNs = record.requireLong("childrenUserNs");
        childrenSystemNs = record.requireLong("childrenSystemNs");
        peakResident = record.requireLong("peakResident");
        childrenPeakResident = record.requireLong("childrenPeakResident");
    }
}
