// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** Mounts that share what is mounted below them (mount_namespaces(7)). Guarded by {@link MountTree}'s monitor. */
final class PeerGroup implements Restorable {

    private static final AtomicInteger NEXT_ID = new AtomicInteger();

    final int id = NEXT_ID.incrementAndGet();
    final Set<MountImpl> members = new LinkedHashSet<>();
    final Set<MountImpl> slaves = new LinkedHashSet<>();

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("peer group", 1).put("id", id).putCores("members", List.copyOf(members))
                .putCores("slaves", List.copyOf(slaves));
    }

    @Override
    public void forget() {
        members.clear();
        slaves.clear();
    }

    @Override
    public void restore(StateRecord record) {
        record.expect("id", id);
        record.cores("members").forEach(mount -> members.add((MountImpl) mount));
        record.cores("slaves").forEach(mount -> slaves.add((MountImpl) mount));
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        members.forEach(visitor);
        slaves.forEach(visitor);
    }
}
