// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoDirectory;
import org.jvisor.api.vfs.PseudoLink;

/** /proc: the files about the system, and a directory for each process of the reader's container. */
final class RootDirectory extends PseudoDirectory {
    /** The place of the directory that is /proc/PID/net of all processes; no name can have a slash, so nobody comes by it. */
    static final String NET = "PID/net";

    private final ProcFileSystem fs;
    /** With the mount option subset=pid: all that is there beside processes. */
    private final PseudoDirectory links;

    RootDirectory(ProcFileSystem fs) {
        super(fs, fs.newIno(), 0555);
        this.fs = fs;
        links = new PseudoDirectory(fs, fs.newIno(), 0555);
        links.add("self", new SelfLink(false));
        links.add("thread-self", new SelfLink(true));
        add("self", links.child("self"));
        add("thread-self", links.child("thread-self"));
        SystemFiles.addTo(this, fs);
        lookup(null, NET);
    }

    @Override
    protected Inode lookupMore(Task task, String name) {
        if (name.equals(NET)) {
            return fs.net();
        }
        int pid = DescriptorDirectory.number(name);
        if (pid >= 0) {
            return process(task, pid);
        }
        return fs.mountOptions().pidsOnly() ? links.child(name) : child(name);
    }

    /** Also by the id of any thread, though only first threads are listed. */
    private Inode process(Task reader, int pid) {
        PidNamespace pids = fs.pids(reader);
        if (pids == null) {
            return null;
        }
        ThreadGroup group = pids.threadGroup(pid);
        Target target = group != null ? Target.process(group) : null;
        if (target == null) {
            Task thread = pids.task(pid);
            target = thread == null ? null : Target.thread(thread);
        }
        if (target == null) {
            return null;
        }
        ProcessDirectory directory = new ProcessDirectory(fs, target);
        return directory.isListedFor(reader) ? directory : null;
    }

    @Override
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        for (ThreadGroup group : fs.pids(task).threadGroups()) {
            long place = MORE + group.pid();
            if (place < position) {
                continue;
            }
            ProcessDirectory directory = new ProcessDirectory(fs, Target.process(group));
            if (directory.isListedFor(task)
                    && !sink.add(Integer.toString(group.pid()), directory.ino(), Mode.DT_DIR, place + 1)) {
                return 0;
            }
        }
        return 0;
    }

    @Override
    protected int links() {
        PidNamespace pids = fs.pids(null);
        return super.links() + (pids == null ? 0 : pids.threadGroups().size());
    }

    /** Leads to whoever looks. */
    private final class SelfLink extends PseudoLink {
        private final boolean thread;

        SelfLink(boolean thread) {
            super(fs, fs.newIno(), null);
            this.thread = thread;
        }

        @Override
        public String readlink(Task task) {
            if (task == null) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            return thread ? task.group().pid() + "/task/" + task.tid() : Integer.toString(task.group().pid());
        }
    }
}
