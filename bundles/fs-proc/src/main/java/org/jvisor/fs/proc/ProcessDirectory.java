// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** /proc/PID or /proc/PID/task/TID. */
final class ProcessDirectory extends ProcessPart {

    private final List<ProcessEntries.Entry> entries;

    ProcessDirectory(ProcFileSystem fs, Target target) {
        super(fs, target, ProcFileSystem.ino(target, 0), 0555);
        entries = target.whole() ? ProcessEntries.PROCESS : ProcessEntries.THREAD;
    }

    /** The mount option hidepid= closes the directories of others. */
    @Override
    public int permission(Credentials credentials, int mask) {
        ProcFileSystem.Options options = fs().mountOptions();
        if (isVisible(credentials, options)) {
            return GENERIC_CHECK;
        }
        return options.hide() == ProcFileSystem.Options.Hide.NOACCESS ? -Errno.EPERM : -Errno.ENOENT;
    }

    private boolean isVisible(Credentials credentials, ProcFileSystem.Options options) {
        return switch (options.hide()) {
            case OFF -> true;
            case NOACCESS, INVISIBLE -> credentials.inGroup(options.gid()) || mayRead(credentials);
            case PTRACEABLE -> mayRead(credentials);
        };
    }

    private boolean mayRead(Credentials credentials) {
        Target target = subject().find();
        return target != null && (credentials == target.task().credentials() || Access.mayRead(credentials, target.task()));
    }

    /** Whether {@code task} sees this in the list of processes. */
    boolean isListedFor(Task task) {
        ProcFileSystem.Options options = fs().mountOptions();
        boolean hides = options.hide().compareTo(ProcFileSystem.Options.Hide.INVISIBLE) >= 0;
        return !hides || task == null || isAbout(task.group()) || isVisible(task.credentials(), options);
    }

    private boolean isAbout(ThreadGroup group) {
        Target target = subject().find();
        return target != null && target.group() == group;
    }

    @Override
    protected Inode lookupMore(Task task, String name) {
        Target target = subject().find();
        if (target == null || !target.exists()) {
            return null;
        }
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).name().equals(name)) {
                return entries.get(i).make(fs(), target, i + 1);
            }
        }
        return null;
    }

    @Override
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        Target target = target();
        for (int i = (int) (position - MORE); i < entries.size(); i++) {
            ProcessEntries.Entry entry = entries.get(i);
            if (!sink.add(entry.name(), ProcFileSystem.ino(target, i + 1), Mode.direntType(entry.mode()), MORE + i + 1)) {
                return 0;
            }
        }
        return 0;
    }

    /** Itself, its parent, and a link from each of its directories. */
    @Override
    protected int links() {
        int links = 2;
        for (ProcessEntries.Entry entry : entries) {
            links += Mode.isDir(entry.mode()) ? 1 : 0;
        }
        return links;
    }
}
