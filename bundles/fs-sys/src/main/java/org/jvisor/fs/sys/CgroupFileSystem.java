// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.MemoryEvent;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoFileSystem;

/**
 * A mounted cgroup2, as the reader's container sees it: its own cgroup is the root of its cgroup namespace (cgroup_namespaces(7)). It
 * tells of limits and use, and sets none: there are no cgroups below it.
 */
final class CgroupFileSystem extends PseudoFileSystem {
    static final String TYPE = "cgroup2";

    private final SysDirectory root;

    CgroupFileSystem(Kernel kernel) {
        super(TYPE, FsMagic.CGROUP2_SUPER_MAGIC, kernel.vfs().newDevice(), kernel.clock().realtimeNs());
        root = fill();
    }

    /** What {@link #save} wrote. */
    CgroupFileSystem(StateRecord record) {
        super(record, FsMagic.CGROUP2_SUPER_MAGIC);
        root = fill();
    }

    @Override
    public Inode root() {
        return root;
    }

    private SysDirectory fill() {
        SysDirectory directory = new SysDirectory(this);
        directory.file("cgroup.controllers", "memory pids").verbatim("cgroup.subtree_control", "\n").file("cgroup.type", "domain");
        directory.verbatim("cgroup.events", "populated 1\nfrozen 0\n");
        directory.file("cgroup.max.depth", 0).file("cgroup.max.descendants", 0);
        directory.source("cgroup.procs", 0444, CgroupFileSystem::processes);
        number(directory, "memory.current", Cgroup::memoryBytes);
        number(directory, "memory.max", Cgroup::memoryLimit);
        directory.file("memory.high", "max").file("memory.low", 0).file("memory.min", 0);
        directory.file("memory.swap.current", 0).file("memory.swap.max", 0);
        directory.source("memory.events", 0444, reader -> SysDirectory.text(events(cgroup(reader))));
        number(directory, "pids.current", cgroup -> cgroup.used(Charge.TASK));
        number(directory, "pids.max", cgroup -> cgroup.limit(Charge.TASK));
        return directory;
    }

    private static Cgroup cgroup(Task reader) {
        return reader.container().cgroup();
    }

    private static void number(SysDirectory directory, String name, ToLongFunction<? super Cgroup> value) {
        directory.source(name, 0444, reader -> {
            long found = value.applyAsLong(cgroup(reader));
            return SysDirectory.text((found == Long.MAX_VALUE ? "max" : Long.toString(found)) + "\n");
        });
    }

    private static byte[] processes(Task reader) {
        List<Integer> ids = new ArrayList<>();
        for (ThreadGroup group : reader.pidNamespace().threadGroups()) {
            ids.add(group.pid());
        }
        StringBuilder text = new StringBuilder();
        ids.stream().sorted().forEach(id -> text.append(id).append('\n'));
        return SysDirectory.text(text.toString());
    }

    private static String events(Cgroup cgroup) {
        return "low 0\nhigh 0\nmax " + cgroup.memoryEvents(MemoryEvent.MAX) + "\noom " + cgroup.memoryEvents(MemoryEvent.OOM)
                + "\noom_kill " + cgroup.memoryEvents(MemoryEvent.OOM_KILL) + "\noom_group_kill 0\n";
    }
}
