// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.function.Consumer;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** /dev: a tmpfs of its own with the device nodes that every container expects (OCI runtime specification, default devices). */
final class DevFileSystem implements FileSystem, Stateful, HandleSource {

    private static final Inode.Owner ROOT = new Inode.Owner(0, 0);
    private static final int EVERYBODY = Mode.S_IFCHR | 0666;

    private final String type;
    /** Another object once its bundle is replaced. */
    private volatile FileSystem tmpfs;

    /** @param tmpfs empty */
    DevFileSystem(String type, FileSystem tmpfs) {
        this.type = type;
        this.tmpfs = tmpfs;
        populate(tmpfs.root());
    }

    /** What {@link #save} wrote. */
    DevFileSystem(StateRecord record) {
        type = record.requireString("type");
        tmpfs = record.requireOwn("tmpfs", FileSystem.class);
    }

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.DEV, DevDriver.SCHEMA).put("type", type).putAny("tmpfs", tmpfs);
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "layer", this::device, FileSystem.class, () -> tmpfs, fresh -> tmpfs = fresh);
    }

    private static void populate(Inode dev) {
        node(dev, "null", MemDriver.MAJOR, MemDriver.NULL);
        node(dev, "zero", MemDriver.MAJOR, MemDriver.ZERO);
        node(dev, "full", MemDriver.MAJOR, MemDriver.FULL);
        node(dev, "random", MemDriver.MAJOR, MemDriver.RANDOM);
        node(dev, "urandom", MemDriver.MAJOR, MemDriver.URANDOM);
        node(dev, "tty", TtyDriver.MAJOR, TtyDriver.TTY);
        node(dev, "console", TtyDriver.MAJOR, TtyDriver.CONSOLE);
        link(dev, "ptmx", "pts/ptmx");
        link(dev, "fd", "/proc/self/fd");
        link(dev, "stdin", "/proc/self/fd/0");
        link(dev, "stdout", "/proc/self/fd/1");
        link(dev, "stderr", "/proc/self/fd/2");
        dev.mkdir(null, "pts", Mode.S_IFDIR | 0755, ROOT);
        dev.mkdir(null, "shm", Mode.S_IFDIR | Mode.S_ISVTX | 0777, ROOT);
        dev.mkdir(null, "mqueue", Mode.S_IFDIR | Mode.S_ISVTX | 0777, ROOT);
    }

    private static void node(Inode dev, String name, int major, int minor) {
        dev.create(null, name, EVERYBODY, Mode.makeDev(major, minor), ROOT);
    }

    private static void link(Inode dev, String name, String target) {
        dev.symlink(null, name, target, ROOT);
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public long device() {
        return tmpfs.device();
    }

    @Override
    public Inode root() {
        return tmpfs.root();
    }

    @Override
    public void statfs(Statfs statfs) {
        tmpfs.statfs(statfs);
    }

    @Override
    public String options() {
        return tmpfs.options();
    }

    @Override
    public void remount(Task task, String data) {
        tmpfs.remount(task, data);
    }

    @Override
    public void sync() {
        tmpfs.sync();
    }

    @Override
    public void unmount() {
        tmpfs.unmount();
    }
}
