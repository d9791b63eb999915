// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.Arrays;
import java.util.List;
import org.jvisor.api.kernel.CgroupNamespace;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.Task.Scheduling;
import org.jvisor.api.kernel.TimeNamespace;
import org.jvisor.api.kernel.UserNamespace;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.MountNamespace;

/** The parts of a task's record that are about plain data of its. Those that may be missing, have not been set yet. */
final class TaskRecords {

    private TaskRecords() {}

    static long[] numbers(StateRecord record, String name, int count) {
        long[] values = record.getLongs(name);
        if (values == null || values.length != count) {
            throw record.refuse(name, "is not " + count + " numbers");
        }
        return values;
    }

    // ---- registers

    static void save(StateRecord record, Registers registers) {
        record.add("registers").put("values", registers.values.clone()).put("modified", registers.modified)
                .put("filled", registers.filled).put("extended", registers.extended == null ? null : registers.extended.clone())
                .put("extendedModified", registers.extendedModified);
    }

    static void forget(Registers registers) {
        Arrays.fill(registers.values, 0);
        registers.modified = 0;
        registers.filled = 0;
        registers.extended = null;
        registers.extendedModified = false;
    }

    static void restore(StateRecord record, Registers registers) {
        StateRecord item = one(record, "registers");
        System.arraycopy(numbers(item, "values", Registers.COUNT), 0, registers.values, 0, Registers.COUNT);
        registers.modified = item.requireInt("modified");
        registers.filled = item.requireInt("filled");
        registers.extended = item.getBytes("extended");
        registers.extendedModified = item.getBoolean("extendedModified", false);
    }

    // ---- the current call, which may have to begin again

    static void save(StateRecord record, Arguments a) {
        record.put("call", new long[] {a.number, a.a0, a.a1, a.a2, a.a3, a.a4, a.a5});
    }

    static void forget(Arguments arguments) {
        set(arguments, new long[7]);
    }

    static void restore(StateRecord record, Arguments arguments) {
        set(arguments, numbers(record, "call", 7));
    }

    private static void set(Arguments a, long[] values) {
        a.number = (int) values[0];
        a.a0 = values[1];
        a.a1 = values[2];
        a.a2 = values[3];
        a.a3 = values[4];
        a.a4 = values[5];
        a.a5 = values[6];
    }

    // ---- scheduling

    static void save(StateRecord record, Scheduling scheduling) {
        record.add("scheduling").put("policy", scheduling.policy).put("priority", scheduling.priority)
                .put("nice", scheduling.nice).put("ioPriority", scheduling.ioPriority).put("affinity", scheduling.affinity)
                .put("timerSlack", scheduling.timerSlackNs).put("resetOnFork", scheduling.resetOnFork);
    }

    static void forget(Scheduling scheduling) {
        scheduling.policy = 0;
        scheduling.priority = 0;
        scheduling.nice = 0;
        scheduling.ioPriority = 0;
        scheduling.affinity = 0;
        scheduling.timerSlackNs = 0;
        scheduling.resetOnFork = false;
    }

    static void restore(StateRecord record, Scheduling scheduling) {
        StateRecord item = one(record, "scheduling");
        scheduling.policy = item.requireInt("policy");
        scheduling.priority = item.requireInt("priority");
        scheduling.nice = item.requireInt("nice");
        scheduling.ioPriority = item.requireInt("ioPriority");
        scheduling.affinity = item.requireLong("affinity");
        scheduling.timerSlackNs = item.requireLong("timerSlack");
        scheduling.resetOnFork = item.getBoolean("resetOnFork", false);
    }

    // ---- credentials

    static void save(StateRecord record, Credentials c) {
        if (c == null) {
            return;
        }
        record.add("credentials").put("uid", c.uid()).put("euid", c.euid()).put("suid", c.suid()).put("fsuid", c.fsuid())
                .put("gid", c.gid()).put("egid", c.egid()).put("sgid", c.sgid()).put("fsgid", c.fsgid())
                .put("groups", Arrays.stream(c.groups()).asLongStream().toArray()).put("effective", c.effective())
                .put("permitted", c.permitted()).put("inheritable", c.inheritable()).put("bounding", c.bounding())
                .put("ambient", c.ambient()).put("secureBits", c.secureBits()).put("noNewPrivileges", c.noNewPrivileges())
                .putCore("userNamespace", c.userNamespace());
    }

    /** Null when it had none. */
    static Credentials credentials(StateRecord record) {
        if (!record.has("credentials")) {
            return null;
        }
        StateRecord item = one(record, "credentials");
        long[] groups = item.getLongs("groups");
        return Credentials.ROOT.with(c -> {
            c.uid = item.requireInt("uid");
            c.euid = item.requireInt("euid");
            c.suid = item.requireInt("suid");
            c.fsuid = item.requireInt("fsuid");
            c.gid = item.requireInt("gid");
            c.egid = item.requireInt("egid");
            c.sgid = item.requireInt("sgid");
            c.fsgid = item.requireInt("fsgid");
            c.groups = groups == null ? new int[0] : Arrays.stream(groups).mapToInt(group -> (int) group).toArray();
            c.effective = item.requireLong("effective");
            c.permitted = item.requireLong("permitted");
            c.inheritable = item.requireLong("inheritable");
            c.bounding = item.requireLong("bounding");
            c.ambient = item.requireLong("ambient");
            c.secureBits = item.requireInt("secureBits");
            c.noNewPrivileges = item.getBoolean("noNewPrivileges", false);
            c.userNamespace = item.requireCore("userNamespace", UserNamespace.class);
        });
    }

    // ---- namespaces

    static void save(StateRecord record, Namespaces n) {
        if (n != null) {
            record.add("namespaces").putCore("mounts", n.mounts()).putCore("uts", n.uts()).putCore("ipc", n.ipc())
                    .putCore("pid", n.pid()).putCore("net", n.net()).putCore("cgroup", n.cgroup()).putCore("time", n.time());
        }
    }

    /** Null when it had none. */
    static Namespaces namespaces(StateRecord record) {
        if (!record.has("namespaces")) {
            return null;
        }
        StateRecord item = one(record, "namespaces");
        return new Namespaces(item.core("mounts", MountNamespace.class), item.core("uts", UtsNamespace.class),
                item.core("ipc", IpcNamespace.class), item.core("pid", PidNamespace.class), item.core("net", NetNamespace.class),
                item.core("cgroup", CgroupNamespace.class), item.core("time", TimeNamespace.class));
    }

    private static StateRecord one(StateRecord record, String name) {
        List<StateRecord> items = record.items(name);
        if (items.size() != 1) {
            throw record.refuse(name, "is there " + items.size() + " times");
        }
        return items.getFirst();
    }
}
