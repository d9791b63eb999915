// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;

/** The files of /proc/PID and /proc/PID/task/TID, in the order in which they are listed. */
final class ProcessEntries {

    /**
     * A file.
     *
     * @param mode with type bits
     */
    record Entry(String name, int mode, Maker maker) {

        /** @param index its place in the directory, from 1 on */
        Inode make(ProcFileSystem fs, Target target, int index) {
            return maker.make(fs, target, ProcFileSystem.ino(target, index), mode);
        }
    }

    @FunctionalInterface
    interface Maker {
        Inode make(ProcFileSystem fs, Target target, long ino, int mode);
    }

    /** Longest command line that a process can give itself beyond its arguments (as setproctitle(3bsd) does). */
    private static final int MAX_TITLE = 4096;

    static final List<Entry> THREAD = List.of(
            directory("fd", 0500, (fs, target, ino, mode) -> new DescriptorDirectory(fs, target, ino, false)),
            directory("fdinfo", 0555, (fs, target, ino, mode) -> new DescriptorDirectory(fs, target, ino, true)),
            directory("ns", 0511, (fs, target, ino, mode) -> new NamespaceDirectory(fs, target, ino)),
            directory("net", 0555, (fs, target, ino, mode) -> fs.net()),
            range("environ", 0400, true, false, (mm, memory) -> new long[] {mm.layout().envStart, mm.layout().envEnd}),
            guarded("auxv", 0400, ProcessText::auxv),
            file("status", 0444, StatusText::status),
            file("personality", 0400, (reader, target) -> Text.bytes("00000000\n")),
            file("limits", 0444, (reader, target) -> LimitsText.limits(target.group())),
            entry("comm", Mode.S_IFREG | 0644, (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, mode, false,
                    (reader, owner) -> Text.bytes(owner.task().name() + '\n'), ProcessText::setName)),
            range("cmdline", 0444, false, false, ProcessEntries::commandLine),
            file("stat", 0444, StatText::stat),
            file("statm", 0444, StatText::statm),
            guarded("maps", 0444, MapsText::maps),
            range("mem", 0600, true, true, (mm, memory) -> new long[] {0, -1}),
            link("cwd", ProcessEntries::workingDirectory),
            link("root", ProcessEntries::root),
            link("exe", task -> task.mm() == null ? null : task.mm().executable()),
            mounts("mounts", 0444, MountText::mounts),
            mounts("mountinfo", 0444, MountText::mountinfo),
            entry("clear_refs", Mode.S_IFREG | 0200, (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, mode, false,
                    null, ProcessText::clearReferences)),
            guarded("smaps", 0444, MapsText::smaps),
            guarded("smaps_rollup", 0444, MapsText::rollup),
            file("wchan", 0444, (reader, target) -> Text.bytes("0")),
            file("schedstat", 0444, (reader, target) -> ProcessText.schedulingTimes(target)),
            file("cpuset", 0444, (reader, target) -> Text.bytes("/\n")),
            file("cgroup", 0444, (reader, target) -> Text.bytes("0::/\n")),
            file("oom_score", 0444, ProcessText::oomScore),
            entry("oom_adj", Mode.S_IFREG | 0644, (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, mode, false,
                    (reader, owner) -> ProcessText.oomAdjustment(owner, true),
                    (writer, owner, data) -> ProcessText.setOomAdjustment(writer, owner, data, true))),
            entry("oom_score_adj", Mode.S_IFREG | 0644, (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, mode, false,
                    (reader, owner) -> ProcessText.oomAdjustment(owner, false),
                    (writer, owner, data) -> ProcessText.setOomAdjustment(writer, owner, data, false))),
            // Nobody logs in here, so there is neither a login user nor an audit session: both are -1 (proc(5)).
            file("loginuid", 0444, (reader, target) -> Text.bytes("4294967295")),
            file("sessionid", 0444, (reader, target) -> Text.bytes("4294967295")),
            guarded("io", 0400, (reader, target) -> ProcessText.io(target)),
            file("uid_map", 0444, (reader, target) -> ProcessText.identityMap()),
            file("gid_map", 0444, (reader, target) -> ProcessText.identityMap()),
            file("projid_map", 0444, (reader, target) -> ProcessText.identityMap()),
            file("setgroups", 0444, (reader, target) -> Text.bytes("allow\n")),
            file("children", 0444, (reader, target) -> ProcessText.children(target)));

    /** What only processes have, and what threads have too, but for the list of children. */
    static final List<Entry> PROCESS = process();

    private static List<Entry> process() {
        List<Entry> entries = new ArrayList<>(List.of(
                directory("task", 0555, (fs, target, ino, mode) -> new TaskDirectory(fs, target, ino))));
        entries.addAll(THREAD.subList(0, THREAD.size() - 1));
        entries.add(entry("coredump_filter", Mode.S_IFREG | 0644, (fs, target, ino, mode) -> new ProcessFile(fs, target, ino,
                mode, false, (reader, owner) -> new Text().hex(owner.group().coredumpFilter(), 8).add('\n').bytes(),
                (writer, owner, data) -> ProcessText.setCoredumpFilter(owner, data))));
        entries.add(mounts("mountstats", 0400, MountText::mountstats));
        entries.add(entry("timerslack_ns", Mode.S_IFREG | 0666, (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, mode,
                false, (reader, owner) -> Text.bytes(owner.task().scheduling().timerSlackNs + "\n"),
                ProcessText::setTimerSlack)));
        return List.copyOf(entries);
    }

    private ProcessEntries() {
    }

    private static Entry entry(String name, int mode, Maker maker) {
        return new Entry(name, mode, maker);
    }

    private static Entry directory(String name, int permissions, Maker maker) {
        return new Entry(name, Mode.S_IFDIR | permissions, maker);
    }

    private static Entry file(String name, int permissions, ProcessFile.Reader reader) {
        return new Entry(name, Mode.S_IFREG | permissions,
                (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, permissions, false, reader, null));
    }

    /** A file that only those may open who may look into the process. */
    private static Entry guarded(String name, int permissions, ProcessFile.Reader reader) {
        return new Entry(name, Mode.S_IFREG | permissions,
                (fs, target, ino, mode) -> new ProcessFile(fs, target, ino, permissions, true, reader, null));
    }

    private static Entry range(String name, int permissions, boolean guarded, boolean writable, RangeFile.Extent extent) {
        return new Entry(name, Mode.S_IFREG | permissions,
                (fs, target, ino, mode) -> new RangeFile(fs, target, ino, permissions, guarded, writable, extent));
    }

    private static Entry mounts(String name, int permissions, MountsFile.Lines lines) {
        return new Entry(name, Mode.S_IFREG | permissions,
                (fs, target, ino, mode) -> new MountsFile(fs, target, ino, permissions, lines));
    }

    private static Entry link(String name, MagicLink.Place place) {
        return new Entry(name, Mode.S_IFLNK | 0777,
                (fs, target, ino, mode) -> new MagicLink(fs, target, ino, 0777, place));
    }

    private static VfsPath workingDirectory(Task task) {
        FsContext fs = task.fs();
        return fs == null ? null : fs.workingDirectory();
    }

    private static VfsPath root(Task task) {
        FsContext fs = task.fs();
        return fs == null ? null : fs.root();
    }

    /**
     * The arguments; of a process that has written a title over their end, the title up to its NUL, which may reach into the
     * environment.
     */
    private static long[] commandLine(MemoryManager mm, UserMemory memory) {
        long start = mm.layout().argStart;
        long end = mm.layout().argEnd;
        long limit = mm.layout().envEnd;
        byte[] bytes = new byte[MAX_TITLE];
        if (start >= end || memory.tryCopyIn(end - 1, bytes, 0, 1) != 1 || bytes[0] == 0 || limit <= end) {
            return new long[] {start, Math.max(start, end)};
        }
        long count = memory.tryCopyIn(start, bytes, 0, (int) Math.min(MAX_TITLE, limit - start));
        int length = 0;
        while (length < count && bytes[length] != 0) {
            length++;
        }
        return new long[] {start, start + length};
    }
}
