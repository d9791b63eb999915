// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * The tasks, processes, process groups and sessions of one container, by their ids. Changes are made with the tree's lock held
 * ({@link Processes}); look-ups need none.
 */
public final class PidNamespaceImpl implements PidNamespace, Restorable {

    static final int PID_MAX = 4_194_304;
    /** Where ids start again after {@link #PID_MAX}, as in Linux. */
    private static final int RESERVED = 300;

    private final ConcurrentHashMap<Integer, TaskImpl> tasks = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, ThreadGroupImpl> groups = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, ProcessGroupImpl> processGroups = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, SessionImpl> sessions = new ConcurrentHashMap<>();
    private final Processes processes;
    private final Cgroup cgroup;
    private int lastId;

    /** @param cgroup whose tasks those in it are */
    public PidNamespaceImpl(Processes processes, Cgroup cgroup) {
        this.processes = processes;
        this.cgroup = cgroup;
    }

    /** Whose lock is the tree's. */
    Processes processes() {
        return processes;
    }

    @Override
    public TaskImpl task(int tid) {
        return tasks.get(tid);
    }

    @Override
    public ThreadGroupImpl threadGroup(int pid) {
        return groups.get(pid);
    }

    @Override
    public ProcessGroupImpl processGroup(int id) {
        return processGroups.get(id);
    }

    @Override
    public List<ThreadGroup> threadGroups() {
        List<ThreadGroup> all = new ArrayList<>(groups.values());
        all.sort(Comparator.comparingInt(ThreadGroup::pid));
        return all;
    }

    @Override
    public long kill(Task sender, int pid, int signal) {
        SignalInfo info = signal == 0 ? null : SignalInfo.user(signal, sender);
        try (Mutex _ = processes.lock.take()) {
            if (pid == -1) {
                return killAll(sender, info);
            }
            ProcessGroup group = pid == 0 ? sender.group().processGroup() : processGroups.get(-pid);
            return group instanceof ProcessGroupImpl found ? kill(sender, found, info) : -Errno.ESRCH;
        }
    }

    /** Not to be allowed to is no error, as in Linux. */
    private long killAll(Task sender, SignalInfo info) {
        long result = -Errno.ESRCH;
        for (ThreadGroupImpl group : groups.values()) {
            if (group != sender.container().init() && group != sender.group()) {
                send(sender, group, info);
                result = 0;
            }
        }
        return result;
    }

    private static long kill(Task sender, ProcessGroupImpl group, SignalInfo info) {
        long result = -Errno.ESRCH;
        boolean sent = false;
        for (ThreadGroupImpl member : group.membersNow()) {
            result = send(sender, member, info);
            sent |= result == 0;
        }
        return sent ? 0 : result;
    }

    private static long send(Task sender, ThreadGroupImpl group, SignalInfo info) {
        long allowed = sender.maySignal(group, info == null ? 0 : info.signal());
        if (allowed == 0 && info != null) {
            group.send(info);
        }
        return allowed;
    }

    public Collection<ThreadGroupImpl> groups() {
        return groups.values();
    }

    public Collection<SessionImpl> sessions() {
        return sessions.values();
    }

    // ---- changes, with the tree's lock held

    /** An id that nothing has, and that is not given out again before millions of others were. */
    public int newId() {
        if (cgroup.isFull(Charge.TASK) || cgroup.isFull(Charge.PROCESS)) {
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

    public void add(TaskImpl task) {
        tasks.put(task.tid(), task);
        processes.add(task);
        task.cgroup().charge(Charge.TASK, 1);
        task.cgroup().charge(Charge.SUPPLEMENTARY_GROUP, task.credentials().chargedGroups());
    }

    void remove(TaskImpl task) {
        tasks.remove(task.tid(), task);
        if (processes.remove(task)) {
            task.cgroup().uncharge(Charge.TASK, 1);
            task.cgroup().uncharge(Charge.SUPPLEMENTARY_GROUP, task.credentials().chargedGroups());
        }
    }

    /** The last but one thread of a group calls execve(2): it gets the leader's id. */
    public void takeLeadersId(TaskImpl task, TaskImpl leader) {
        tasks.remove(task.tid(), task);
        remove(leader);
        task.setTid(leader.tid());
        tasks.put(task.tid(), task);
    }

    public void add(ThreadGroupImpl group) {
        groups.put(group.pid(), group);
        group.cgroup().charge(Charge.PROCESS, 1);
    }

    void remove(ThreadGroupImpl group) {
        if (groups.remove(group.pid(), group)) {
            group.cgroup().uncharge(Charge.PROCESS, 1);
        }
    }

    public void add(ProcessGroupImpl group) {
        processGroups.put(group.id(), group);
    }

    void remove(ProcessGroupImpl group) {
        processGroups.remove(group.id());
    }

    public void add(SessionImpl session) {
        sessions.put(session.id(), session);
    }

    void remove(SessionImpl session) {
        sessions.remove(session.id());
    }

    // ---- Restorable

    /** Tasks are entered by their ids, which are theirs to tell: not every one that is known here is entered under it. */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("pid namespace", 1).putCore("cgroup", cgroup).put("lastId", lastId);
        save(record, "tasks", tasks);
        save(record, "groups", groups);
        save(record, "processGroups", processGroups);
        save(record, "sessions", sessions);
        return record;
    }

    private static void save(StateRecord record, String name, Map<Integer, ?> objects) {
        record.putList(name);
        objects.forEach((id, object) -> record.add(name).put("id", id).putCore("object", object));
    }

    @Override
    public void forget() {
        tasks.clear();
        groups.clear();
        processGroups.clear();
        sessions.clear();
        lastId = 0;
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("cgroup", cgroup);
        lastId = record.requireInt("lastId");
        restore(record, "tasks", tasks, TaskImpl.class);
        restore(record, "groups", groups, ThreadGroupImpl.class);
        restore(record, "processGroups", processGroups, ProcessGroupImpl.class);
        restore(record, "sessions", sessions, SessionImpl.class);
    }

    private static <T> void restore(StateRecord record, String name, Map<Integer, T> objects, Class<T> type) {
        record.items(name).forEach(item -> objects.put(item.requireInt("id"), item.requireCore("object", type)));
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(cgroup);
        tasks.values().forEach(visitor);
        groups.values().forEach(visitor);
        processGroups.values().forEach(visitor);
        sessions.values().forEach(visitor);
    }
}
