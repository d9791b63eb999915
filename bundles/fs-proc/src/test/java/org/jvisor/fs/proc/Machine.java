// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SysctlValues;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.ProcEntry;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;

/** A sandbox with a few processes whose every figure is known, and a way to read files of its /proc. */
final class Machine {
    static final long GIB = 1L << 30;

    final Map<Integer, ThreadGroup> groups = new TreeMap<>();
    final Cgroup cgroup = new Cgroup(null);
    final Container container = new Fake().with("cgroup", cgroup).as(Container.class);
    final IpcNamespace ipc = new IpcNamespace();
    final List<DeviceDriver> drivers = new ArrayList<>();
    final List<ProcEntry> entries = new ArrayList<>();
    final UtsNamespace uts = new UtsNamespace("box", "(none)");
    final NetNamespace net = new NetNamespace(1, domain -> null);
    final Kernel kernel;
    final PidNamespace pids;
    final ProcSystem system;

    Machine() {
        KernelClock clock = new Fake().with("monotonicNs", 100_250_000_000L).with("realtimeNs", 1_700_000_000_250_000_000L)
                .as(KernelClock.class);
        MemoryFile file = new Fake().with("limit", GIB).with("used", GIB / 4).as(MemoryFile.class);
        Vfs vfs = new Fake().with("newDevice", 22L).with("fileSystemTypes", List.of(type("proc", true), type("ext4", false)))
                .when("name", a -> a[1] == null ? "?" : ((VfsPath) a[1]).dentry().name()).as(Vfs.class);
        kernel = new Fake().with("clock", clock).with("cpus", 2).with("vfs", vfs).with("forks", 17L).with("runnableTasks", 1)
                .with("memory", new Fake().with("file", file).as(Memory.class))
                .with("log", new Fake().with("bytes", Text.bytes("<6>boot\n")).as(Kernel.KernelLog.class))
                .with("options", new Kernel.KernelOptions("auto", "6.1.0-jvisor", false, List.of(), GIB))
                .with("loadAverages", new long[] {2048, 1024, 20}).with("userTimeNs", 30_000_000_000L)
                .with("systemTimeNs", 20_000_000_000L)
                .with("sysctls", new SysctlValues()).with("bootId", "01234567-89ab-4cde-8f01-23456789abcd")
                .when("random", a -> {
                    Arrays.fill((byte[]) a[0], (byte) 0xa5);
                    return null;
                }).as(Kernel.class);
        pids = new Fake().when("threadGroups", a -> List.copyOf(groups.values())).when("threadGroup", a -> groups.get(a[0]))
                .when("task", a -> groups.values().stream().map(g -> g.task((int) a[0])).filter(t -> t != null).findFirst()
                        .orElse(null)).as(PidNamespace.class);
        system = new ProcSystem(kernel, new CpuInfo(""), () -> drivers, () -> entries);
    }

    private static FileSystemType type(String name, boolean nodev) {
        return new Fake().with("name", name).with("nodev", nodev).with("userMountable", true).as(FileSystemType.class);
    }

    ProcFileSystem mount(String data) {
        return new ProcFileSystem(system, data);
    }

    /** A process of {@code uid} with one thread; {@code task} and {@code group} may say more. */
    Task process(int pid, String name, int uid, Fake task, Fake group) {
        Task[] leader = new Task[1];
        Credentials credentials = Credentials.ROOT.with(c -> {
            c.uid = c.euid = c.suid = c.fsuid = uid;
            c.gid = c.egid = c.sgid = c.fsgid = uid;
            if (uid != 0) {
                c.effective = c.permitted = 0;
            }
        });
        group.with("pid", pid).orElse("taskCount", 1).with("container", container).orElse("dumpable", 1).with("hasExecuted", true)
                .when("leader", a -> leader[0]).when("tasks", a -> List.of(leader[0]))
                .when("task", a -> (int) a[0] == pid ? leader[0] : null)
                .with("processGroup", new Fake().with("id", pid).as(ProcessGroup.class))
                .with("session", new Fake().with("id", 1).as(Session.class))
                .with("action", SignalAction.DEFAULT).when("softLimit", a -> limit((int) a[0]))
                .with("hardLimit", Rlimit.RLIM_INFINITY).with("children", List.of());
        int[] filter = {0x33};
        group.when("coredumpFilter", a -> filter[0]).when("setCoredumpFilter", a -> filter[0] = (int) a[0]);
        ThreadGroup made = group.as(ThreadGroup.class);
        leader[0] = task.with("tid", pid).with("group", made).with("kernel", kernel).with("container", container).with("pidNamespace", pids)
                .with("name", name).with("credentials", credentials).with("fs", new FsContext(null, null, 022))
                .with("scheduling", new Task.Scheduling()).with("startTimeNs", 12_340_000_000L).with("uts", uts)
                .orElse("namespaces", new Namespaces(null, uts, ipc, null, net, null, null))
                .when("hasCapability", a -> credentials.has((int) a[0])).as(Task.class);
        groups.put(pid, made);
        return leader[0];
    }

    Task process(int pid, String name, int uid) {
        return process(pid, name, uid, new Fake(), new Fake());
    }

    private static long limit(int resource) {
        return resource == Rlimit.RLIMIT_NOFILE ? 1024 : resource == Rlimit.RLIMIT_SIGPENDING ? 5000 : Rlimit.RLIM_INFINITY;
    }

    // ---- reading

    static Inode find(Task reader, ProcFileSystem fs, String path) {
        Inode inode = fs.root();
        for (String name : path.split("/")) {
            inode = inode == null ? null : inode.lookup(reader, name);
        }
        return inode;
    }

    static String read(Task reader, ProcFileSystem fs, String path) {
        FileOperations file = find(reader, fs, path).open(reader, 0);
        StringBuilder b = new StringBuilder();
        Buffer buffer = new Buffer(7);
        while (true) {
            buffer.reset();
            long count = file.read(reader, null, buffer, b.length());
            if (count < 0) {
                throw ErrnoException.of((int) -count);
            }
            if (count == 0) {
                return b.toString();
            }
            b.append(Text.string(Arrays.copyOf(buffer.bytes, (int) count)));
        }
    }

    static long write(Task writer, ProcFileSystem fs, String path, String text) {
        Buffer buffer = new Buffer(Text.bytes(text));
        return find(writer, fs, path).open(writer, 1).write(writer, null, buffer, 0);
    }

    static List<String> list(Task reader, ProcFileSystem fs, String path) {
        return list(reader, path.isEmpty() ? fs.root() : find(reader, fs, path));
    }

    static List<String> list(Task reader, Inode inode) {
        FileOperations directory = inode.open(reader, 0);
        Dentry dentry = new Fake().when("parent", a -> new Fake().with("inode", inode).as(Dentry.class)).as(Dentry.class);
        FileDescription description = new Fake().with("path", new VfsPath(null, dentry)).as(FileDescription.class);
        List<String> names = new ArrayList<>();
        long[] position = {0};
        int before;
        do {
            // Three names at a time, as a small buffer would make a program read it.
            before = names.size();
            int start = before;
            long result = directory.readdir(reader, description, position[0], (name, ino, type, next) -> {
                if (names.size() == start + 3) {
                    return false;
                }
                names.add(name);
                position[0] = next;
                return true;
            });
            if (result < 0) {
                throw ErrnoException.of((int) -result);
            }
        } while (names.size() > before);
        return names;
    }

    /** A buffer of the kernel's own. */
    static final class Buffer implements IoBuffer {
        final byte[] bytes;
        private int position;

        Buffer(int size) {
            this(new byte[size]);
        }

        Buffer(byte[] bytes) {
            this.bytes = bytes;
        }

        void reset() {
            position = 0;
        }

        @Override
        public long remaining() {
            return bytes.length - position;
        }

        @Override
        public long span() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long spanLength() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void advance(long count) {
            position += (int) count;
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            System.arraycopy(source, offset, bytes, position, length);
            position += length;
            return length;
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            System.arraycopy(bytes, position, target, offset, length);
            position += length;
            return length;
        }
    }

    /** Memory that holds {@code content} at {@code address}, and nothing else. */
    static MemoryManager memory(long address, String content, MemoryManager.Layout layout, List<MemoryManager.VmaInfo> vmas) {
        byte[] bytes = Text.bytes(content);
        UserMemory user = new Fake().when("tryCopyIn", a -> {
            long offset = (long) a[0] - address;
            if (offset < 0 || offset >= bytes.length) {
                return 0L;
            }
            int count = (int) Math.min((int) a[3], bytes.length - offset);
            System.arraycopy(bytes, (int) offset, (byte[]) a[1], (int) a[2], count);
            return (long) count;
        }).as(UserMemory.class);
        return new Fake().with("layout", layout).with("newUserMemory", user).when("forEachVma", a -> {
            @SuppressWarnings("unchecked")
            var action = (Consumer<MemoryManager.VmaInfo>) a[0];
            vmas.forEach(action);
            return null;
        }).with("virtualBytes", vmas.stream().mapToLong(v -> v.end() - v.start()).sum())
                .with("residentBytes", vmas.stream().mapToLong(MemoryManager.VmaInfo::residentBytes).sum())
                .with("peakResidentBytes", 1L << 24).with("tryRetain", true).as(MemoryManager.class);
    }
}
