// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.function.Consumer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** What those in it see as the root of all cgroups (cgroup_namespaces(7)). */
public final class CgroupNamespace implements Restorable {

    private final Cgroup root;

    public CgroupNamespace(Cgroup root) {
        this.root = root;
    }

    public Cgroup root() {
        return root;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("cgroup namespace", 1).putCore("root", root);
    }

    /** There is nothing that can change. */
    @Override
    public void forget() {}

    @Override
    public void restore(StateRecord record) {
        record.expectCore("root", root);
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(root);
    }
}
