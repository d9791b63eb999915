// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.List;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;

/** /proc/PID/ns (namespaces(7)): links that tell by their text which namespaces a process is in. */
final class NamespaceDirectory extends ProcessPart {

    private static final List<String> NAMES = List.of("net", "uts", "ipc", "pid", "pid_for_children", "user", "mnt", "cgroup",
            "time", "time_for_children");

    /** Where their inode numbers begin among those of the process. */
    private static final int LINKS = 256;

    NamespaceDirectory(ProcFileSystem fs, Target target, long ino) {
        super(fs, target, ino, 0511);
    }

    @Override
    protected Inode lookupMore(Task task, String name) {
        int index = NAMES.indexOf(name);
        return index < 0 ? null : new Link(name, linkIno(index));
    }

    @Override
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        for (int i = (int) (position - MORE); i < NAMES.size(); i++) {
            if (!sink.add(NAMES.get(i), linkIno(i), Mode.DT_LNK, MORE + i + 1)) {
                return 0;
            }
        }
        return 0;
    }

    private long linkIno(int index) {
        return ProcFileSystem.ino(target(), LINKS + index);
    }

    private final class Link extends MagicLink {
        private final String name;

        Link(String name, long ino) {
            super(NamespaceDirectory.this.fs(), NamespaceDirectory.this.target(), ino, 0777, owner -> null);
            this.name = name;
        }

        @Override
        public String readlink(Task task) {
            return fs().system().kernel().namespaceFiles().text(name, requireOwner(task));
        }

        @Override
        public VfsPath jump(Task task) {
            return fs().system().kernel().namespaceFiles().place(name, requireOwner(task));
        }
    }
}
