// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.MemoryEvent;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Vfs;

class CgroupFileSystemTest {
    private final Cgroup sandbox = new Cgroup(null);
    private final Cgroup cgroup = new Cgroup(sandbox);
    private final Task task = fake(Task.class, Map.of("container", fake(Container.class, Map.of("cgroup", cgroup)),
            "pidNamespace", fake(PidNamespace.class, Map.of("threadGroups",
                    List.of(fake(ThreadGroup.class, Map.of("pid", 7)), fake(ThreadGroup.class, Map.of("pid", 1)))))));
    private final CgroupFileSystem fs = new CgroupFileSystem(fake(Kernel.class, Map.of("vfs", fake(Vfs.class, Map.of("newDevice", 5L)),
            "clock", fake(KernelClock.class, Map.of("realtimeNs", 1_000_000_000L)))));

    @Test
    void shouldTellLimitsAndUse() {
        assertEquals("max\n", read("memory.max"));
        assertEquals("0\n", read("memory.current"));
        cgroup.setMemoryLimit(1 << 20);
        cgroup.charge(Charge.PAGE, 3);
        sandbox.charge(Charge.PAGE, 5);
        assertEquals("1048576\n", read("memory.max"));
        assertEquals("12288\n", read("memory.current"));
        assertEquals("max\n", read("pids.max"));
        cgroup.setLimit(Charge.TASK, 100);
        new Cgroup(cgroup).charge(Charge.TASK, 2);
        assertEquals("100\n", read("pids.max"));
        assertEquals("2\n", read("pids.current"));
    }

    @Test
    void shouldTellWhatHasHappened() {
        assertEquals("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n", read("memory.events"));
        cgroup.countMemoryEvent(MemoryEvent.MAX);
        cgroup.countMemoryEvent(MemoryEvent.MAX);
        cgroup.countMemoryEvent(MemoryEvent.OOM_KILL);
        assertEquals("low 0\nhigh 0\nmax 2\noom 0\noom_kill 1\noom_group_kill 0\n", read("memory.events"));
    }

    @Test
    void shouldListItsProcesses() {
        assertEquals("1\n7\n", read("cgroup.procs"));
        assertNull(fs.root().lookup(task, "memory.limit_in_bytes"));
    }

    @Test
    void shouldBeTakenOver() {
        SysFileSystemType driver = new SysFileSystemType(fake(Kernel.class, Map.of("cpus", 1)));
        CgroupFileSystem again = (CgroupFileSystem) driver.adopt(fs.save());
        assertEquals(fs.device(), again.device());
        assertEquals("cgroup2", again.type());
    }

    private String read(String name) {
        Inode inode = fs.root().lookup(task, name);
        byte[] bytes = new byte[4096];
        IoBuffer buffer = (IoBuffer) Proxy.newProxyInstance(IoBuffer.class.getClassLoader(), new Class<?>[] {IoBuffer.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("put")) {
                        System.arraycopy(arguments[0], (int) arguments[1], bytes, 0, (int) arguments[2]);
                        return (long) (int) arguments[2];
                    }
                    return (long) bytes.length;
                });
        return new String(bytes, 0, (int) inode.open(task, 0).read(task, null, buffer, 0));
    }

    private static <T> T fake(Class<T> type, Map<String, Object> answers) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> answers.get(method.getName())));
    }
}
