// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * All tasks of all containers; ids are a {@link PidNamespaceImpl}'s.
 *
 * <p>{@link #lock} is the process tree's: it guards who is whose parent, who is in which thread group, process group
 * and session, and who is a zombie. It comes before every thread group's own lock. Nothing waits, and no terminal is called, with
 * it held.
 */
public final class Processes {

    public final Mutex lock = new Mutex(LockRank.PROCESS_TREE);

    private final Set<TaskImpl> tasks = ConcurrentHashMap.newKeySet();
    private volatile long forks;
    private volatile long goneUserNs;
    private volatile long goneSystemNs;

    public Collection<TaskImpl> tasks() {
        return tasks;
    }

    // ---- changes, with the lock held

    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    void add(TaskImpl task) {
        tasks.add(task);
        forks++;
    }

    /** Whether it was there. */
    boolean remove(TaskImpl task) {
        return tasks.remove(task);
    }

    void addGoneTimes(long userNs, long systemNs) {
        goneUserNs += userNs;
        goneSystemNs += systemNs;
    }

    // ---- sums; any thread

    public long forks() {
        return forks;
    }

    public long userTimeNs() {
        long sum = goneUserNs;
        for (TaskImpl task : tasks) {
            sum += task.isGone() ? 0 : task.userTimeNs();
        }
        return sum;
    }

    public long systemTimeNs() {
        long sum = goneSystemNs;
        for (TaskImpl task : tasks) {
            sum += task.isGone() ? 0 : task.systemTimeNs();
        }
        return sum;
    }

    public int runnable() {
        int count = 0;
        for (TaskImpl task : tasks) {
            if (task.state() == 'R') {
                count++;
            }
        }
        return count;
    }
}
