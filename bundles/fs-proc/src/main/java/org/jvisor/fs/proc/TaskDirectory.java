// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** /proc/PID/task: a directory for each thread. */
final class TaskDirectory extends ProcessPart {

    TaskDirectory(ProcFileSystem fs, Target target, long ino) {
        super(fs, target, ino, 0555);
    }

    /** The live threads, and the first one even when it is not. */
    private List<Task> tasks() {
        Target target = target();
        List<Task> tasks = new ArrayList<>(target.group().tasks());
        Task leader = target.group().leader();
        if (!tasks.contains(leader)) {
            tasks.add(leader);
        }
        tasks.sort(Comparator.comparingInt(Task::tid));
        return tasks;
    }

    @Override
    protected Inode lookupMore(Task task, String name) {
        if (!exists()) {
            return null;
        }
        int tid = DescriptorDirectory.number(name);
        for (Task thread : tasks()) {
            if (thread.tid() == tid) {
                return new ProcessDirectory(fs(), Target.thread(thread));
            }
        }
        return null;
    }

    @Override
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        for (Task thread : tasks()) {
            long place = MORE + thread.tid();
            long ino = ProcFileSystem.ino(Target.thread(thread), 0);
            if (place >= position && !sink.add(Integer.toString(thread.tid()), ino, Mode.DT_DIR, place + 1)) {
                return 0;
            }
        }
        return 0;
    }

    @Override
    protected int links() {
        Target target = subject().find();
        return 2 + (target == null ? 0 : Math.max(1, target.group().taskCount()));
    }
}
