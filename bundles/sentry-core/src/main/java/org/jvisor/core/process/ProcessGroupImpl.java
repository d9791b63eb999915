// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.signal.SignalSender;

/** A process group; its members are guarded by the tree's lock. */
public final class ProcessGroupImpl implements ProcessGroup, Restorable {

    private final PidNamespaceImpl namespace;
    private final int id;
    private final SessionImpl session;
    private final List<ThreadGroupImpl> members = new ArrayList<>();

    public ProcessGroupImpl(PidNamespaceImpl namespace, int id, SessionImpl session) {
        this.namespace = namespace;
        this.id = id;
        this.session = session;
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public SessionImpl session() {
        return session;
    }

    @Override
    public List<ThreadGroup> members() {
        try (Mutex _ = namespace.processes().lock.take()) {
            return new ArrayList<>(members);
        }
    }

    @Override
    public void send(SignalInfo signal) {
        try (Mutex _ = namespace.processes().lock.take()) {
            members.forEach(member -> member.send(signal));
        }
    }

    @Override
    public void sendFrom(Tty terminal, SignalInfo signal) {
        try (Mutex _ = namespace.processes().lock.take()) {
            for (ThreadGroupImpl member : members) {
                if (member.containerImpl().isOperators(terminal)) {
                    SignalSender.sendFromOutside(member, signal);
                } else {
                    member.send(signal);
                }
            }
        }
    }

    /** By the container's operator. */
    public void sendFromOutside(SignalInfo signal) {
        try (Mutex _ = namespace.processes().lock.take()) {
            members.forEach(member -> SignalSender.sendFromOutside(member, signal));
        }
    }

    @Override
    public boolean orphaned() {
        try (Mutex _ = namespace.processes().lock.take()) {
            return isOrphanedWithout(null);
        }
    }

    // ---- with the tree's lock held

    List<ThreadGroupImpl> membersNow() {
        return members;
    }

    void add(ThreadGroupImpl member) {
        if (members.isEmpty()) {
            namespace.add(this);
            session.groupCame();
        }
        members.add(member);
    }

    void remove(ThreadGroupImpl member) {
        members.remove(member);
        if (members.isEmpty()) {
            namespace.remove(this);
            session.groupWent();
        }
    }

    /** Orphaned, were it not for {@code leaving}, which is about to exit. */
    boolean isOrphanedWithout(ThreadGroupImpl leaving) {
        for (ThreadGroupImpl member : members) {
            ThreadGroupImpl parent = member.parent();
            if (member == leaving || parent == null || member.zombie()) {
                continue;
            }
            if (parent.processGroup() != this && parent.session() == session) {
                return false;
            }
        }
        return true;
    }

    boolean hasStoppedMember() {
        for (ThreadGroupImpl member : members) {
            if (member.stopped()) {
                return true;
            }
        }
        return false;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("process group", 1).putCore("namespace", namespace).put("id", id).putCore("session", session)
                .putCores("members", List.copyOf(members));
    }

    @Override
    public void forget() {
        members.clear();
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("namespace", namespace);
        record.expect("id", id);
        record.expectCore("session", session);
        record.cores("members").forEach(member -> members.add((ThreadGroupImpl) member));
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(session);
        members.forEach(visitor);
    }
}
