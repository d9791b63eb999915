// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.function.Executable;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.SetAttributes;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.fs.tmpfs.TmpfsType;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

/** A vfs with a tmpfs as its root, and shorthands for what a test does with it. */
final class World implements Providers {

    static final HostKernel HOST = new FfmHostKernel();
    static final Memory MEMORY = new MemoryComponent(HOST);

    final ManualClock clock = new ManualClock();
    final List<FileSystemType> types = new CopyOnWriteArrayList<>();
    final List<DeviceDriver> drivers = new CopyOnWriteArrayList<>();
    final List<TestTask> tasks = new CopyOnWriteArrayList<>();
    final VfsImpl vfs = new VfsImpl(MEMORY, clock, HOST, this);
    final MountNamespace namespace;
    /** The superuser. */
    final TestTask root;

    World() {
        types.add(new TmpfsType(MEMORY, clock, vfs));
        namespace = vfs.newNamespace(new Cgroup(null), "none", "tmpfs", 0, "mode=755", null);
        root = newTask();
    }

    TestTask newTask() {
        TestTask task = new TestTask(this);
        tasks.add(task);
        return task;
    }

    TestTask user(int uid, int gid, int... groups) {
        return newTask().as(uid, gid, groups);
    }

    @Override
    public FileSystemType type(String name) {
        return types.stream().filter(t -> t.name().equals(name)).findFirst().orElse(null);
    }

    @Override
    public List<FileSystemType> types() {
        return types;
    }

    @Override
    public DeviceDriver driver(int major, int minor) {
        return drivers.stream().filter(d -> d.major() == major && d.firstMinor() <= minor && minor <= d.lastMinor()).findFirst()
                .orElse(null);
    }

    void addType(String name, FileSystem fileSystem) {
        types.add(new FileSystemType() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public FileSystem mount(org.jvisor.api.kernel.Task task, Cgroup cgroup, String source, String data, Object attachment) {
                return fileSystem;
            }
        });
    }

    // ---- shorthands

    static void fails(int errno, Executable action) {
        ErrnoException e = assertThrows(ErrnoException.class, action);
        assertEquals(Errno.name(errno), Errno.name(e.errno()));
    }

    FileDescription open(TestTask t, String path, int flags, int mode) {
        return vfs.open(t.task, Open.AT_FDCWD, t.task.walk().load(path), flags, mode, 0);
    }

    FileDescription open(String path, int flags) {
        return open(root, path, flags, 0644);
    }

    /** Makes a file with {@code content}. */
    void write(TestTask t, String path, String content) {
        FileDescription file = open(t, path, Open.O_CREAT | Open.O_WRONLY | Open.O_TRUNC, 0644);
        assertEquals(content.length(), write(t, file, content));
        file.release(null);
    }

    void write(String path, String content) {
        write(root, path, content);
    }

    static long write(TestTask t, FileDescription file, String content) {
        return file.write(t.task, source(content));
    }

    static IoBuffer source(String content) {
        byte[] bytes = content.getBytes(StandardCharsets.ISO_8859_1);
        return MEMORY.kernelBuffer(bytes, 0, bytes.length);
    }

    String read(String path) {
        FileDescription file = open(path, Open.O_RDONLY);
        String content = read(root, file, 4096);
        file.release(null);
        return content;
    }

    static String read(TestTask t, FileDescription file, int most) {
        byte[] bytes = new byte[most];
        long n = file.read(t.task, MEMORY.kernelBuffer(bytes, 0, most));
        ErrnoException.check(n);
        return new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    void mkdir(TestTask t, String path, int mode) {
        vfs.mkdir(t.task, Open.AT_FDCWD, t.task.walk().load(path), mode);
    }

    void mkdir(String path) {
        mkdir(root, path, 0755);
    }

    void symlink(String target, String path) {
        symlink(root, target, path);
    }

    void symlink(TestTask t, String target, String path) {
        vfs.symlink(t.task, target, Open.AT_FDCWD, t.task.walk().load(path));
    }

    void link(TestTask t, String from, String to) {
        vfs.link(t.task, Open.AT_FDCWD, t.task.walk().load(from), 0, Open.AT_FDCWD, t.task.walk2().load(to));
    }

    void unlink(TestTask t, String path) {
        vfs.unlink(t.task, Open.AT_FDCWD, t.task.walk().load(path));
    }

    void unlink(String path) {
        unlink(root, path);
    }

    void rmdir(TestTask t, String path) {
        vfs.rmdir(t.task, Open.AT_FDCWD, t.task.walk().load(path));
    }

    void rmdir(String path) {
        rmdir(root, path);
    }

    void rename(TestTask t, String from, String to, int flags) {
        vfs.rename(t.task, Open.AT_FDCWD, t.task.walk().load(from), Open.AT_FDCWD, t.task.walk2().load(to), flags);
    }

    void rename(String from, String to) {
        rename(root, from, to, 0);
    }

    void mknod(TestTask t, String path, int mode, long device) {
        vfs.mknod(t.task, Open.AT_FDCWD, t.task.walk().load(path), mode, device);
    }

    Stat stat(TestTask t, String path, int walkFlags) {
        Stat stat = new Stat();
        vfs.stat(t.task, Open.AT_FDCWD, t.task.walk().load(path), walkFlags, stat);
        return stat;
    }

    Stat stat(String path) {
        return stat(root, path, PathWalk.FOLLOW);
    }

    boolean exists(String path) {
        try {
            stat(root, path, 0);
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    void chmod(TestTask t, String path, int mode) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.MODE;
        changes.mode = mode;
        vfs.setAttributes(t.task, Open.AT_FDCWD, t.task.walk().load(path), PathWalk.FOLLOW, changes);
    }

    void chown(TestTask t, String path, int uid, int gid) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.UID | SetAttributes.GID;
        changes.uid = uid;
        changes.gid = gid;
        vfs.setAttributes(t.task, Open.AT_FDCWD, t.task.walk().load(path), PathWalk.FOLLOW, changes);
    }

    void truncate(TestTask t, String path, long size) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.SIZE;
        changes.size = size;
        vfs.setAttributes(t.task, Open.AT_FDCWD, t.task.walk().load(path), PathWalk.FOLLOW, changes);
    }

    VfsPath path(String path) {
        return path(root, path);
    }

    VfsPath path(TestTask t, String path) {
        PathWalk walk = t.task.walk().load(path);
        walk.resolve(t.task, Open.AT_FDCWD, PathWalk.FOLLOW);
        return walk.path();
    }

    String name(String path) {
        return vfs.name(root.task, path(path));
    }

    void mount(String source, String target, String type, long flags, String data) {
        vfs.mount(root.task, source, path(target), type, flags, data);
    }

    List<String> list(String path) {
        FileDescription directory = open(path, Open.O_RDONLY | Open.O_DIRECTORY);
        List<String> names = new ArrayList<>();
        assertEquals(0, directory.readdir(root.task, (name, ino, type, next) -> names.add(name)));
        directory.release(null);
        names.remove(".");
        names.remove("..");
        names.sort(null);
        return names;
    }

    /** Time that moves when told. */
    static final class ManualClock implements KernelClock {
        volatile long nowNs = 1_700_000_000_000_000_000L;

        @Override
        public long monotonicNs() {
            return System.nanoTime();
        }

        @Override
        public long realtimeNs() {
            return nowNs;
        }

        @Override
        public Timer schedule(long deadlineNs, Target target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long nanoTimeOffsetNs() {
            return 0;
        }
    }
}
