// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import org.jvisor.api.mm.MemoryManager;

/** What a process and the children that it has waited for have used (getrusage(2)). Any thread. */
final class ProcessTimes {

    private static final long NS_PER_TICK = 10_000_000;

    private final ThreadGroupImpl group;

    // Guarded by this.
    private long goneUserNs;
    private long goneSystemNs;
    private long childrenUserNs;
    private long childrenSystemNs;
    private long peakResident;
    private long childrenPeakResident;

    ProcessTimes(ThreadGroupImpl group) {
        this.group = group;
    }

    /** In clock ticks, of which a second has 100 (times(2)). */
    static long ticks(long ns) {
        return ns / NS_PER_TICK;
    }

    long userNs() {
        long sum = 0;
        for (TaskImpl task : group.liveTasks()) {
            sum += task.userTimeNs();
        }
        synchronized (this) {
            return sum + goneUserNs;
        }
    }

    long systemNs() {
        long sum = 0;
        for (TaskImpl task : group.liveTasks()) {
            sum += task.systemTimeNs();
        }
        synchronized (this) {
            return sum + goneSystemNs;
        }
    }

    synchronized long childrenUserNs() {
        return childrenUserNs;
    }

    synchronized long childrenSystemNs() {
        return childrenSystemNs;
    }

    synchronized void taskGone(TaskImpl task) {
        goneUserNs += task.userTimeNs();
        goneSystemNs += task.systemTimeNs();
    }

    /** A memory manager of this process goes; {@code bytes} is its peak. */
    synchronized void sawResident(long bytes) {
        peakResident = Math.max(peakResident, bytes);
    }

    /** A child has been waited for. */
    void add(ThreadGroupImpl child) {
        long user = child.userTimeNs() + child.childrenUserTimeNs();
        long system = child.systemTimeNs() + child.childrenSystemTimeNs();
        long peak = Math.max(child.peakResidentBytes(false), child.peakResidentBytes(true));
        synchronized (this) {
            childrenUserNs += user;
            childrenSystemNs += system;
            childrenPeakResident = Math.max(childrenPeakResident, peak);
        }
    }

    long peakResident() {
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

    synchronized long childrenPeakResident() {
        return childrenPeakResident;
    }
}
