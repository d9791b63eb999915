// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;

class SysFileSystemTest {
    private static final CpuCaches CACHES = new CpuCaches(List.of(
            new CpuCaches.Cache("1", "Data", "48K", "64", "64", "12", "1"),
            new CpuCaches.Cache("3", "Unified", "49152K", "64", "65536", "12", "1")));

    private static final Task TASK = fake(Task.class, Map.of("cgroup", new Cgroup(null)));

    private final SysFileSystem fs = new SysFileSystem(kernel(4), CACHES);

    @TempDir
    Path folder;

    private static Kernel kernel(int cpus) {
        MemoryFile file = fake(MemoryFile.class, Map.of("limit", 1L << 30, "used", 1L << 20));
        return fake(Kernel.class, Map.of("cpus", cpus, "vfs", fake(Vfs.class, Map.of("newDevice", 5L)),
                "clock", fake(KernelClock.class, Map.of("realtimeNs", 1_000_000_000L)),
                "memory", fake(Memory.class, Map.of("file", file))));
    }

    @Test
    void shouldTellTheSandboxsCpus() {
        assertEquals("0-3\n", read("devices/system/cpu/online"));
        assertEquals("0-3\n", read("devices/system/cpu/possible"));
        assertEquals("\n", read("devices/system/cpu/offline"));
        assertEquals("4\n", read("devices/system/cpu/cpu2/topology/core_cpus"));
        assertEquals("f\n", read("devices/system/cpu/cpu2/topology/package_cpus"));
        assertEquals("2\n", read("devices/system/cpu/cpu2/cache/index0/shared_cpu_list"));
        assertEquals("0-3\n", read("devices/system/cpu/cpu2/cache/index1/shared_cpu_list"));
        assertEquals("Node 0 MemTotal:       1048576 kB\nNode 0 MemFree:        1047552 kB\nNode 0 MemUsed:           1024 kB\n",
                read("devices/system/node/node0/meminfo"));
    }

    @Test
    void shouldRefuseWhatADeviceDoesNotHave() {
        assertEquals(Errno.EINVAL, assertThrows(ErrnoException.class, () -> read("devices/virtual/net/lo/speed")).errno());
        assertEquals("65536\n", read("devices/virtual/net/lo/mtu"));
        assertEquals("1:3\n", read("devices/virtual/mem/null/dev"));
    }

    @Test
    void shouldListWhatCanBeFoundAndLinkToWhatIsThere() throws IOException {
        dump(fs.root(), folder);
        try (var all = Files.walk(folder)) {
            for (Path link : all.filter(Files::isSymbolicLink).toList()) {
                assertTrue(Files.exists(link), link + " -> " + Files.readSymbolicLink(link));
            }
        }
        assertTrue(Files.isDirectory(folder.resolve("class/net/lo/statistics")));
        assertTrue(Files.isDirectory(folder.resolve("fs/cgroup")));
    }

    @Test
    void shouldSatisfyLscpu() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/lscpu")));
        dump(fs.root(), Files.createDirectory(folder.resolve("sys")));
        Files.createDirectory(folder.resolve("proc"));
        StringBuilder cpuinfo = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            cpuinfo.append("processor\t: " + i + "\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\n\n");
        }
        Files.writeString(folder.resolve("proc/cpuinfo"), cpuinfo);
        ProcessBuilder lscpu = new ProcessBuilder("/usr/bin/lscpu", "-s", folder.toString()).redirectErrorStream(true);
        lscpu.environment().put("LC_ALL", "C");
        String output = new String(lscpu.start().getInputStream().readAllBytes()).replaceAll(" +", " ");
        for (String line : List.of("CPU(s): 4", "Core(s) per socket: 4", "Socket(s): 1", "Thread(s) per core: 1",
                "NUMA node(s): 1", "NUMA node0 CPU(s): 0-3", "L1d cache: 192 KiB (4 instances)",
                "L3 cache: 48 MiB (1 instance)")) {
            assertTrue(output.contains(line + "\n"), line + " in\n" + output);
        }
    }

    /** Copies a tree of pseudo files to real ones. */
    private void dump(Inode directory, Path to) throws IOException {
        for (String name : list(directory)) {
            Inode inode = directory.lookup(null, name);
            assertNotNull(inode, name);
            if (Mode.isDir(inode.mode())) {
                dump(inode, Files.createDirectory(to.resolve(name)));
            } else if (Mode.isSymlink(inode.mode())) {
                Files.createSymbolicLink(to.resolve(name), Path.of(inode.readlink(null)));
            } else if (!name.equals("speed") && !name.equals("duplex")) {
                Files.writeString(to.resolve(name), text(inode));
            }
        }
    }

    private static TreeSet<String> list(Inode directory) {
        Dentry parent = fake(Dentry.class, Map.of("inode", directory));
        FileDescription file = fake(FileDescription.class,
                Map.of("path", new VfsPath(null, fake(Dentry.class, Map.of("parent", parent)))));
        List<String> names = new ArrayList<>();
        long result = directory.open(null, 0).readdir(null, file, 0, (name, ino, type, next) -> names.add(name));
        assertEquals(0, result);
        assertEquals(List.of(".", ".."), names.subList(0, 2));
        TreeSet<String> sorted = new TreeSet<>(names.subList(2, names.size()));
        assertEquals(names.size() - 2, sorted.size());
        return sorted;
    }

    private String read(String path) {
        Inode inode = fs.root();
        for (String name : path.split("/")) {
            inode = inode.lookup(null, name);
            assertNotNull(inode, name);
        }
        return text(inode);
    }

    private static String text(Inode inode) {
        assertEquals(4096, inode.size());
        byte[] bytes = new byte[4096];
        IoBuffer buffer = (IoBuffer) Proxy.newProxyInstance(IoBuffer.class.getClassLoader(), new Class<?>[] {IoBuffer.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("put")) {
                        System.arraycopy(arguments[0], (int) arguments[1], bytes, 0, (int) arguments[2]);
                        return (long) (int) arguments[2];
                    }
                    return (long) bytes.length;
                });
        long count = inode.open(TASK, 0).read(TASK, null, buffer, 0);
        return new String(bytes, 0, (int) count);
    }

    private static <T> T fake(Class<T> type, Map<String, Object> answers) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> answers.get(method.getName())));
    }
}
