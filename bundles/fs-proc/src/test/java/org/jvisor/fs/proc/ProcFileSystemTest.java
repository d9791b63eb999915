// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.IpcSysctl;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.ProcEntry;
import org.jvisor.api.vfs.SetAttributes;
import org.jvisor.api.vfs.VfsPath;

class ProcFileSystemTest {
    private final Machine machine = new Machine();
    private final ProcFileSystem fs = machine.mount("");
    private final Task init = machine.process(1, "init", 0);

    @Test
    void shouldListFilesAndProcesses() {
        machine.process(30, "x", 1000);
        machine.process(4, "y", 1000);
        List<String> names = Machine.list(init, fs, "");
        assertEquals(List.of(".", "..", "self", "thread-self"), names.subList(0, 4));
        assertEquals(List.of("1", "4", "30"), names.subList(names.size() - 3, names.size()));
        assertEquals(names.size(), Set.copyOf(names).size());
        for (String name : names.subList(2, names.size())) {
            assertNotNull(Machine.find(init, fs, name), name);
        }
    }

    @Test
    void shouldReadEveryFile() {
        machine.process(4, "y", 1000, new Fake().with("mm", Machine.memory(0, "", new MemoryManager.Layout(), List.of())),
                new Fake());
        int[] count = {0};
        readAll(fs.root(), "", count);
        assertTrue(count[0] > 200, "files: " + count[0]);
    }

    private void readAll(Inode directory, String path, int[] count) {
        for (String name : new TreeSet<>(Machine.list(init, fs, path))) {
            String below = path.isEmpty() ? name : path + '/' + name;
            if (name.equals(".") || name.equals("..")) {
                continue;
            }
            Inode inode = Machine.find(init, fs, below);
            assertNotNull(inode, below);
            Stat stat = new Stat();
            inode.stat(stat);
            assertEquals(inode.mode(), stat.mode, below);
            if (Mode.isDir(inode.mode())) {
                if (!below.contains("task/")) {
                    readAll(inode, below, count);
                }
            } else if (Mode.isRegular(inode.mode()) && (inode.mode() & 0444) != 0 && !name.equals("mem")) {
                assertNotNull(Machine.read(init, fs, below), below);
                count[0]++;
            }
        }
    }

    @Test
    void shouldGiveEachFileANumberOfItsOwn() {
        machine.process(4, "y", 1000);
        Set<Long> numbers = new TreeSet<>();
        for (String name : List.of("1", "4", "1/stat", "4/stat", "1/task", "1/task/1", "1/task/1/stat", "1/fd", "1/ns/uts",
                "1/ns/net", "meminfo", "sys")) {
            assertTrue(numbers.add(Machine.find(init, fs, name).ino()), name);
        }
        assertEquals(Machine.find(init, fs, "1/stat"), Machine.find(init, fs, "1/stat"));
        assertNotEquals(Machine.find(init, fs, "1/stat"), Machine.find(init, fs, "1/statm"));
        assertNotEquals(Machine.find(init, fs, "1"), Machine.find(init, fs, "4"));
    }

    @Test
    void shouldForgetProcessesThatAreGone() {
        machine.process(4, "y", 1000);
        Inode directory = Machine.find(init, fs, "4");
        FileOperations open = directory.lookup(init, "stat").open(init, 0);
        machine.groups.remove(4);
        assertErrno(Errno.ENOENT, () -> Machine.list(init, directory));
        assertNull(Machine.find(init, fs, "4"));
        assertNull(directory.lookup(init, "stat"));
        assertErrno(Errno.ESRCH, () -> open.read(init, null, new Machine.Buffer(10), 0));
        machine.process(4, "new", 1000);
        assertNotEquals(directory, Machine.find(init, fs, "4"));
        assertNull(directory.lookup(init, "stat"));
    }

    @Test
    void shouldNotShowOtherContainers() {
        Task other = machine.process(9, "z", 0, new Fake(), new Fake());
        Task stranger = new Fake().with("container", new Fake().as(Container.class)).with("group", other.group())
                .with("credentials", other.credentials()).as(Task.class);
        assertNull(Machine.find(stranger, fs, "1"));
        assertNotNull(Machine.find(init, fs, "9"));
    }

    @Test
    void shouldLeadToWhoeverLooks() {
        Task task = machine.process(12, "me", 5);
        assertEquals("12", Machine.find(task, fs, "self").readlink(task));
        assertEquals("12/task/12", Machine.find(task, fs, "thread-self").readlink(task));
        assertEquals("self/mounts", Machine.find(task, fs, "mounts").readlink(task));
    }

    @Test
    void shouldServeCommandLineFromMemory() {
        MemoryManager.Layout layout = new MemoryManager.Layout();
        layout.argStart = 0x1000;
        layout.argEnd = 0x1000 + 8;
        layout.envStart = layout.argEnd;
        layout.envEnd = layout.argEnd + 16;
        String arguments = "ls\0-la/\0";
        MemoryManager mm = Machine.memory(0x1000, arguments + "A=1\0BB=22\0\0\0\0\0\0\0", layout, List.of());
        machine.process(2, "ls", 1000, new Fake().with("mm", mm), new Fake());
        assertEquals(arguments, Machine.read(init, fs, "2/cmdline"));
        assertEquals("A=1\0BB=22\0\0\0\0\0\0\0", Machine.read(init, fs, "2/environ"));
        machine.process(3, "title", 1000, new Fake().with("mm", Machine.memory(0x1000, "a longer title of ours\0\0", layout,
                List.of())), new Fake());
        assertEquals("a longer title of ours", Machine.read(init, fs, "3/cmdline"));
        machine.process(4, "zombie", 1000);
        assertEquals("", Machine.read(init, fs, "4/cmdline"));
    }

    @Test
    void shouldNotBelieveWhatAProcessSaysOfItsLayout() {
        MemoryManager.Layout layout = new MemoryManager.Layout();
        layout.argStart = 0x1000;
        layout.argEnd = Long.MAX_VALUE;
        layout.envStart = -5;
        layout.envEnd = 5;
        machine.process(2, "evil", 1000, new Fake().with("mm", Machine.memory(0x1000, "abc", layout, List.of())), new Fake());
        assertErrno(Errno.EIO, () -> Machine.read(init, fs, "2/cmdline"));
        assertEquals("", Machine.read(init, fs, "2/environ"));
    }

    @Test
    void shouldKeepStrangersOut() {
        MemoryManager mm = Machine.memory(0, "", new MemoryManager.Layout(), List.of());
        Task victim = machine.process(5, "v", 1000, new Fake().with("mm", mm), new Fake());
        Task stranger = machine.process(6, "s", 1001);
        for (String name : List.of("environ", "mem", "maps", "smaps", "smaps_rollup", "auxv", "io")) {
            assertErrno(Errno.EACCES, () -> Machine.find(stranger, fs, "5/" + name).open(stranger, 0));
            Machine.find(init, fs, "5/" + name).open(init, 0);
            Machine.find(victim, fs, "5/" + name).open(victim, 0);
        }
        for (String name : List.of("exe", "cwd", "root", "ns/mnt")) {
            assertErrno(Errno.EACCES, () -> Machine.find(stranger, fs, "5/" + name).readlink(stranger));
        }
        assertErrno(Errno.EACCES, () -> Machine.list(stranger, fs, "5/fd"));
        assertErrno(Errno.EACCES, () -> Machine.find(stranger, fs, "5/fd/0"));
        assertEquals(1000, Machine.find(stranger, fs, "5/environ").uid());
        machine.process(8, "closed", 1000, new Fake(), new Fake().with("dumpable", 0));
        assertEquals(0, Machine.find(stranger, fs, "8/environ").uid());
        assertEquals(1000, Machine.find(stranger, fs, "8").uid());
        Task sameUser = machine.process(9, "same", 1000);
        assertErrno(Errno.EACCES, () -> Machine.find(sameUser, fs, "8/maps").open(sameUser, 0));
    }

    @Test
    void shouldShowOpenFiles() {
        Inode inode = Machine.find(init, fs, "meminfo");
        VfsPath path = new VfsPath(null, new Fake().with("name", "/tmp/file").with("inode", inode)
                .as(Dentry.class));
        FileDescription file = new Fake().with("path", path).with("readable", true).with("inode", inode).with("flags", 0100000)
                .with("position", 42L).with("operations", new Fake().with("info", "more:\t1\n").as(FileOperations.class))
                .as(FileDescription.class);
        FdTable table = new Fake().with("descriptors", new int[] {0, 7, 300}).when("acquire", a -> (int) a[0] == 7 ? file : null)
                .with("getFlags", 1).with("highest", 300).as(FdTable.class);
        machine.process(2, "f", 1000, new Fake().with("files", table), new Fake());
        assertEquals(List.of(".", "..", "0", "7", "300"), Machine.list(init, fs, "2/fd"));
        Inode link = Machine.find(init, fs, "2/fd/7");
        assertEquals(Mode.S_IFLNK | 0500, link.mode());
        assertEquals(64, link.size());
        assertEquals("/tmp/file", link.readlink(init));
        assertEquals(path, link.jump(init));
        assertNull(Machine.find(init, fs, "2/fd/8"));
        assertNull(Machine.find(init, fs, "2/fd/07"));
        assertNull(Machine.find(init, fs, "2/fd/x"));
        assertEquals("pos:\t42\nflags:\t02100000\nmnt_id:\t0\nino:\t" + inode.ino() + "\nmore:\t1\n",
                Machine.read(init, fs, "2/fdinfo/7"));
        assertTrue(Machine.read(init, fs, "2/status").contains("FDSize:\t512\n"));
    }

    @Test
    void shouldHideProcessesAsMounted() {
        ProcFileSystem hidden = machine.mount("hidepid=2,gid=77");
        assertEquals(",gid=77,hidepid=invisible", hidden.options());
        Task user = machine.process(5, "u", 1000);
        machine.process(6, "v", 1001);
        List<String> seen = Machine.list(user, hidden, "");
        assertTrue(seen.contains("5"));
        assertFalse(seen.contains("6"));
        assertNull(Machine.find(user, hidden, "6"));
        assertTrue(Machine.list(init, hidden, "").contains("6"));
        ProcFileSystem closed = machine.mount("hidepid=noaccess");
        assertTrue(Machine.list(user, closed, "").contains("6"));
        assertEquals(-Errno.EPERM, Machine.find(user, closed, "6").permission(user.credentials(), 1));
        assertEquals(Inode.GENERIC_CHECK, Machine.find(user, closed, "5").permission(user.credentials(), 1));
        ProcFileSystem only = machine.mount("subset=pid");
        assertNull(Machine.find(user, only, "meminfo"));
        assertNotNull(Machine.find(user, only, "self"));
        assertErrno(Errno.EINVAL, () -> machine.mount("hidepid=9"));
        assertErrno(Errno.EINVAL, () -> machine.mount("colour=red"));
    }

    @Test
    void shouldTakeWrites() {
        Task user = machine.process(5, "u", 1000, new Fake(), new Fake());
        assertEquals(4, Machine.write(init, fs, "sys/kernel/hostname", "jar\n"));
        assertEquals("jar", machine.uts.hostname());
        assertEquals("jar\n", Machine.read(user, fs, "sys/kernel/hostname"));
        assertEquals(-Errno.EPERM, Machine.write(user, fs, "sys/kernel/hostname", "x"));
        assertEquals(2, Machine.write(init, fs, "sys/vm/swappiness", "10"));
        assertEquals("10\n", Machine.read(user, machine.mount(""), "sys/vm/swappiness"));
        assertEquals(-Errno.EINVAL, Machine.write(init, fs, "sys/vm/swappiness", "1000"));
        assertEquals(-Errno.EIO, Machine.write(init, fs, "meminfo", "x"));
        assertEquals(-Errno.EINVAL, Machine.write(init, fs, "5/comm", "name"));
        assertEquals(-Errno.EACCES, Machine.write(user, fs, "5/oom_score_adj", "-5"));
        assertEquals(-Errno.EINVAL, Machine.write(init, fs, "5/oom_score_adj", "1001"));
        assertEquals(3, Machine.write(user, fs, "5/oom_score_adj", "500"));
        assertEquals("00000033\n", Machine.read(init, fs, "5/coredump_filter"));
        Machine.write(init, fs, "5/coredump_filter", "0x7f");
        assertEquals("0000007f\n", Machine.read(init, fs, "5/coredump_filter"));
    }

    /** open(2) with O_TRUNC, as a shell's redirection does it. */
    @Test
    void shouldKeepNetworkSettingsByNamespace() {
        NetNamespace other = new NetNamespace(2, domain -> null);
        Task neighbour = machine.process(7, "neighbour", 0,
                new Fake().with("namespaces", new Namespaces(null, machine.uts, null, null, other, null, null)), new Fake());
        for (String path : List.of("sys/net/core/somaxconn", "sys/net/ipv4/tcp_fin_timeout")) {
            String initial = Machine.read(init, fs, path);
            assertEquals(3, Machine.write(neighbour, fs, path, "777"));
            assertEquals("777\n", Machine.read(neighbour, fs, path));
            assertEquals(initial, Machine.read(init, fs, path));
        }
        assertEquals(777, other.setting(NetSysctl.SOMAXCONN));
        assertEquals(4096, machine.net.setting(NetSysctl.SOMAXCONN));
        for (String wrong : List.of("-1", "x", "", "99999999999")) {
            assertEquals(-Errno.EINVAL, Machine.write(init, fs, "sys/net/core/somaxconn", wrong), wrong);
        }
    }

    @Test
    void shouldKeepSettingsOfSystemVObjectsByNamespace() {
        IpcNamespace other = new IpcNamespace();
        Task neighbour = machine.process(7, "neighbour", 0,
                new Fake().with("namespaces", new Namespaces(null, machine.uts, other, null, machine.net, null, null)), new Fake());
        assertEquals("32000\t1024000000\t500\t32000\n", Machine.read(init, fs, "sys/kernel/sem"));
        assertEquals(7, Machine.write(neighbour, fs, "sys/kernel/sem", "10 2000"));
        assertEquals("10\t2000\t500\t32000\n", Machine.read(neighbour, fs, "sys/kernel/sem"));
        assertEquals("32000\t1024000000\t500\t32000\n", Machine.read(init, fs, "sys/kernel/sem"));
        for (String path : List.of("sys/kernel/shmmax", "sys/kernel/shmmni", "sys/kernel/msgmax", "sys/fs/mqueue/queues_max")) {
            String initial = Machine.read(init, fs, path);
            assertEquals(4, Machine.write(neighbour, fs, path, "4095"));
            assertEquals("4095\n", Machine.read(neighbour, fs, path));
            assertEquals(initial, Machine.read(init, fs, path));
        }
        assertEquals(4095, IpcSysctl.SHMMAX.of(other));
        assertEquals(4096, IpcSysctl.SHMMNI.of(machine.ipc));
        assertEquals("18446744073692774399", Long.toUnsignedString(IpcSysctl.SHMALL.of(machine.ipc)));
        for (String wrong : List.of("a 1", "", "1 x", "99999999999")) {
            assertEquals(-Errno.EINVAL, Machine.write(init, fs, "sys/kernel/sem", wrong), wrong);
        }
        assertEquals(-Errno.EINVAL, Machine.write(init, fs, "sys/kernel/shmmax", "-1"));
    }

    /** What cannot be set cannot be opened for writing, by root neither; what can be opened takes what it has. */
    @Test
    void shouldTakeBackEveryValueThatCanBeWritten() {
        Task user = machine.process(5, "u", 1000, new Fake(), new Fake());
        List<String> files = files("sys");
        assertTrue(files.size() > 100);
        for (String path : files) {
            Inode inode = Machine.find(init, fs, path);
            String text = Machine.read(init, fs, path);
            assertEquals(0, inode.permission(user.credentials(), 4), path);
            assertEquals(-Errno.EACCES, inode.permission(user.credentials(), 2), path);
            if ((inode.mode() & 0200) == 0) {
                assertEquals(-Errno.EACCES, inode.permission(init.credentials(), 2), path);
            } else if (!path.equals("sys/vm/drop_caches")) {
                assertEquals(0, inode.permission(init.credentials(), 2), path);
                assertEquals(text.length(), Machine.write(init, fs, path, text), path);
                assertEquals(text, Machine.read(init, fs, path));
            }
        }
        assertEquals(1, Machine.write(init, fs, "sys/vm/drop_caches", "3"));
        assertEquals(-Errno.EINVAL, Machine.write(init, fs, "sys/vm/drop_caches", "0"));
        assertEquals(-Errno.ENOENT, Machine.write(init, fs, "sys/net/ipv4/tcp_congestion_control", "bbr"));
    }

    private List<String> files(String directory) {
        List<String> found = new ArrayList<>();
        for (String name : Machine.list(init, fs, directory)) {
            String path = directory + "/" + name;
            if (name.equals(".") || name.equals("..")) {
                continue;
            }
            if (Mode.isDir(Machine.find(init, fs, path).mode())) {
                found.addAll(files(path));
            } else {
                found.add(path);
            }
        }
        return found;
    }

    @Test
    void shouldTellWhatAContainerMayHave() {
        machine.cgroup.setLimit(Charge.PTY, 100);
        machine.cgroup.setLimit(Charge.EPOLL_ITEM, 11);
        machine.cgroup.setHeapLimit(7 * Charge.PTY.heapBytes());
        machine.cgroup.setLimit(Charge.OPEN_FILE, 3);
        machine.cgroup.charge(Charge.OPEN_FILE, 2);
        machine.cgroup.charge(Charge.PTY, 1);
        assertEquals("7\n", Machine.read(init, fs, "sys/kernel/pty/max"));
        assertEquals("1\n", Machine.read(init, fs, "sys/kernel/pty/nr"));
        assertEquals("11\n", Machine.read(init, fs, "sys/fs/epoll/max_user_watches"));
        assertEquals("3\n", Machine.read(init, fs, "sys/fs/file-max"));
        assertEquals("2\t0\t3\n", Machine.read(init, fs, "sys/fs/file-nr"));
    }

    /** Of the processes that it shows, not of those of other containers. */
    @Test
    void shouldCountProcessesInItsLinks() {
        Stat stat = new Stat();
        Machine.list(init, fs, "");
        fs.root().stat(stat);
        long before = stat.nlink;
        machine.process(50, "another", 0);
        fs.root().stat(stat);
        assertEquals(before + 1, stat.nlink);
    }

    @Test
    void shouldTakeARangeOfPortsOnly() {
        String path = "sys/net/ipv4/ip_local_port_range";
        assertEquals("32768\t60999\n", Machine.read(init, fs, path));
        assertEquals(9, Machine.write(init, fs, path, "4000 5000"));
        assertEquals("4000\t5000\n", Machine.read(init, fs, path));
        for (String wrong : List.of("5000", "5000 4000", "0 7", "1 65536", "a b", "1 2 3")) {
            assertEquals(-Errno.EINVAL, Machine.write(init, fs, path, wrong), wrong);
        }
        assertEquals("4000\t5000\n", Machine.read(init, fs, path));
    }

    @Test
    void shouldLetItselfBeTruncatedInName() {
        SetAttributes size = new SetAttributes();
        size.valid = SetAttributes.SIZE;
        Machine.find(init, fs, "1/comm").setAttributes(init, size);
        SetAttributes mode = new SetAttributes();
        mode.valid = SetAttributes.MODE;
        assertErrno(Errno.EPERM, () -> Machine.find(init, fs, "1/comm").setAttributes(init, mode));
    }

    @Test
    void shouldReadOneTextUntilReadFromTheStartAgain() {
        FileOperations open = Machine.find(init, fs, "sys/vm/swappiness").open(init, 0);
        Machine.Buffer buffer = new Machine.Buffer(1);
        assertEquals(1, open.read(init, null, buffer, 0));
        Machine.write(init, fs, "sys/vm/swappiness", "99");
        buffer.reset();
        open.read(init, null, buffer, 1);
        assertEquals('0', buffer.bytes[0]);
        buffer.reset();
        open.read(init, null, buffer, 0);
        assertEquals('9', buffer.bytes[0]);
    }

    @Test
    void shouldShowWhatServicesAdd() {
        assertEquals("Num       RefCount Protocol Flags    Type St Inode Path\n", Machine.read(init, fs, "1/net/unix"));
        machine.entries.add(entry("net/unix", "ours\n"));
        machine.entries.add(entry("net/stat/deep", "deep\n"));
        machine.entries.add(entry("sys/net/ipv4/new", "1\n"));
        assertEquals("ours\n", Machine.read(init, fs, "1/net/unix"));
        assertEquals("deep\n", Machine.read(init, fs, "1/net/stat/deep"));
        assertEquals("1\n", Machine.read(init, fs, "sys/net/ipv4/new"));
        assertEquals(List.of(".", "..", "deep"), Machine.list(init, fs, "1/net/stat"));
        List<String> names = Machine.list(init, fs, "1/net");
        assertEquals(names.size(), Set.copyOf(names).size());
        assertTrue(names.containsAll(List.of("unix", "stat", "dev")));
        assertEquals(Machine.find(init, fs, "1/net/stat/deep"), Machine.find(init, fs, "1/net/stat/deep"));
        machine.entries.clear();
        assertNull(Machine.find(init, fs, "1/net/stat"));
        assertTrue(Machine.read(init, fs, "1/net/unix").startsWith("Num"));
    }

    private static ProcEntry entry(String path, String text) {
        return new ProcEntry() {
            @Override
            public String path() {
                return path;
            }

            @Override
            public byte[] read(Task reader) {
                return Text.bytes(text);
            }
        };
    }

    private static void assertErrno(int errno, Executable action) {
        assertEquals(errno, assertThrows(ErrnoException.class, action).errno());
    }

    @Test
    void shouldKeepNothingOfAProcessThatHasEnded() throws InterruptedException {
        List<Inode> kept = new ArrayList<>();
        WeakReference<Task> ended = endedProcess(kept);
        for (int i = 0; i < 10_000 && ended.get() != null; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertNull(ended.get(), "names of an ended process keep its task");
        for (Inode inode : kept) {
            Stat stat = new Stat();
            inode.stat(stat);
            assertEquals(0, stat.uid, "what is about nobody is root's");
        }
        Inode status = kept.get(0);
        assertEquals(Errno.ENOENT, assertThrows(ErrnoException.class, () -> status.open(init, 0)).errno());
        assertEquals(status, status);
        assertNotEquals(status, kept.get(1));
    }

    /** A process whose names are found and that is waited for then. In a frame of its own, so that no local variable keeps it. */
    private WeakReference<Task> endedProcess(List<Inode> found) {
        Task task = machine.process(4, "y", 1000);
        for (String name : List.of("4/status", "4/fd", "4/ns/uts", "4/exe", "4/maps", "4/mem", "4/mounts", "4/task", "4")) {
            found.add(Machine.find(init, fs, name));
        }
        machine.groups.remove(4);
        return new WeakReference<>(task);
    }
}
