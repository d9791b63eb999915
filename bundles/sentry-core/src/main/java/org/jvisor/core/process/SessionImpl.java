// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.function.Consumer;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** A session; its process groups are counted with the tree's lock held. */
public final class SessionImpl implements Session, HandleSource, Restorable {

    private final PidNamespaceImpl namespace;
    private final ThreadGroupImpl leader;
    private final int id;
    private final Mutex lock = new Mutex(LockRank.SESSION);
    private int processGroups;
    private volatile Tty tty;

    public SessionImpl(PidNamespaceImpl namespace, ThreadGroupImpl leader) {
        this.namespace = namespace;
        this.leader = leader;
        this.id = leader.pid();
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "controlling terminal", () -> id, Tty.class, () -> tty, fresh -> tty = fresh);
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public ThreadGroup leader() {
        return leader;
    }

    @Override
    public Tty tty() {
        return tty;
    }

    @Override
    public boolean acquire(Tty terminal) {
        try (Mutex _ = lock.take()) {
            if (tty != null) {
                return tty == terminal;
            }
            tty = terminal;
            return true;
        }
    }

    @Override
    public void disown(Tty terminal) {
        try (Mutex _ = lock.take()) {
            if (tty == terminal) {
                tty = null;
            }
        }
    }

    @Override
    public ProcessGroup group(int groupId) {
        ProcessGroupImpl group = namespace.processGroup(groupId);
        return group != null && group.session() == this ? group : null;
    }

    void groupCame() {
        processGroups++;
    }

    void groupWent() {
        if (--processGroups == 0) {
            namespace.remove(this);
        }
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord("session", 1).putCore("namespace", namespace).put("id", id).putCore("leader", leader)
                    .put("processGroups", processGroups).putCore("tty", tty);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            processGroups = 0;
            tty = null;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.expectCore("namespace", namespace);
            record.expect("id", id);
            record.expectCore("leader", leader);
            processGroups = record.requireInt("processGroups");
            tty = record.core("tty", Tty.class);
        }
    }
}
