// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.ThreadGroup;

/**
 * All tasks, processes, process groups and sessions, by their ids.
 *
 * <p>This object's monitor is the process tree's lock: it guards who is whose parent, who is in which thread group, process group
 * and session, and who is a zombie. It comes before every thread group's own lock. Nothing waits, and no terminal is called, with
 * it held. Look-ups by id need no lock.
 */
final class Processes {

    static final int PID_MAX = 4_194_304;
    /** Where ids start again after {@link #PID_MAX}, as in Linux. */
    private static final int RESERVED = 300;
    /** Each task costs the Sentry a Java thread: so many are more than any container needs and less than what hurts. */
    private static final int TASKS_MAX = 16_384;

    private final ConcurrentHashMap<Integer, TaskImpl> tasks = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, ThreadGroupImpl> groups = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, ProcessGroupImpl> processGroups = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, SessionImpl> sessions = new ConcurrentHashMap<>();
    private int lastId;
    private volatile long forks;
    private volatile long goneUserNs;
    private volatile long goneSystemNs;

    /** An id that nothing has, and that is not given out again before millions of others were; with the lock held. */
    int newId() {
        if (tasks.size() >= TASKS_MAX) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        do {
            lastId = lastId + 1 >= PID_MAX ? RESERVED : lastId + 1;
        } while (used(lastId));
        return lastId;
    }

    private boolean used(int id) {
        return tasks.containsKey(id) || groups.containsKey(id) || processGroups.containsKey(id) || sessions.containsKey(id);
    }

    TaskImpl task(int tid) {
        return tasks.get(tid);
    }

    ThreadGroupImpl group(int pid) {
        return groups.get(pid);
    }

    ProcessGroupImpl processGroup(int id) {
        return processGroups.get(id);
    }

    Collection<TaskImpl> tasks() {
        return tasks.values();
    }

    void forEachSession(Consumer<SessionImpl> visitor) {
        sessions.values().forEach(visitor);
    }

    List<ThreadGroup> sortedGroups() {
        List<ThreadGroup> all = new ArrayList<>(groups.values());
        all.sort(Comparator.comparingInt(ThreadGroup::pid));
        return all;
    }

    Collection<ThreadGroupImpl> groups() {
        return groups.values();
    }

    // ---- changes, with the lock held

    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    void add(TaskImpl task) {
        tasks.put(task.tid(), task);
        forks++;
    }

    void remove(TaskImpl task) {
        tasks.remove(task.tid(), task);
    }

    /** The last but one thread of a group calls execve(2): it gets the leader's id. */
    void takeLeadersId(TaskImpl task, TaskImpl leader) {
        remove(task);
        remove(leader);
        task.setTid(leader.tid());
        tasks.put(task.tid(), task);
    }

    void add(ThreadGroupImpl group) {
        groups.put(group.pid(), group);
    }

    void remove(ThreadGroupImpl group) {
        groups.remove(group.pid());
    }

    void add(ProcessGroupImpl group) {
        processGroups.put(group.id(), group);
    }

    void remove(ProcessGroupImpl group) {
        processGroups.remove(group.id());
    }

    void add(SessionImpl session) {
        sessions.put(session.id(), session);
    }

    void remove(SessionImpl session) {
        sessions.remove(session.id());
    }

    void addGoneTimes(long userNs, long systemNs) {
        goneUserNs += userNs;
        goneSystemNs += systemNs;
    }

    // ---- sums; any thread

    long forks() {
        return forks;
    }

    long userTimeNs() {
        long sum = goneUserNs;
        for (TaskImpl task : tasks.values()) {
            sum += task.isGone() ? 0 : task.userTimeNs();
        }
        return sum;
    }

    long systemTimeNs() {
        long sum = goneSystemNs;
        for (TaskImpl task : tasks.values()) {
            sum += task.isGone() ? 0 : task.systemTimeNs();
        }
        return sum;
    }

    int runnable() {
        int count = 0;
        for (TaskImpl task : tasks.values()) {
            if (task.state() == 'R') {
                count++;
            }
        }
        return count;
    }
}
