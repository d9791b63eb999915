// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import static org.jvisor.api.abi.Mount.MS_DIRSYNC;
import static org.jvisor.api.abi.Mount.MS_NOATIME;
import static org.jvisor.api.abi.Mount.MS_NODEV;
import static org.jvisor.api.abi.Mount.MS_NODIRATIME;
import static org.jvisor.api.abi.Mount.MS_NOEXEC;
import static org.jvisor.api.abi.Mount.MS_NOSUID;
import static org.jvisor.api.abi.Mount.MS_NOSYMFOLLOW;
import static org.jvisor.api.abi.Mount.MS_RELATIME;
import static org.jvisor.api.abi.Mount.MS_SYNCHRONOUS;

import java.util.ArrayDeque;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;

/** /proc/PID/mounts, mountinfo and mountstats: the mounts that the process can reach from its root. */
final class MountText {
    /** What would tear a line or a field apart. */
    private static final String SPECIAL = " \t\n\\#";
    private static final String UNREACHABLE = "(unreachable)";

    private MountText() {
    }

    /** One line of one of the three files. */
    private interface Line {
        void write(Text text, Mount mount, String place);
    }

    static byte[] mounts(Target target) {
        return lines(target, (text, mount, place) -> {
            text.escaped(source(mount), SPECIAL).add(' ').escaped(place, SPECIAL).add(' ')
                    .escaped(mount.fileSystem().type(), SPECIAL).add(' ');
            text.add(mount.readOnly() ? "ro" : "rw").add(superFlags(mount)).add(mountFlags(mount))
                    .add(mount.fileSystem().options()).add(" 0 0\n");
        });
    }

    static byte[] mountinfo(Target target) {
        return lines(target, (text, mount, place) -> {
            VfsPath point = mount.mountPoint();
            long device = mount.fileSystem().device();
            text.add(mount.id()).add(' ').add(point == null ? mount.id() : point.mount().id()).add(' ');
            text.add(Mode.major(device)).add(':').add(Mode.minor(device)).add(' ');
            text.escaped(pathInFileSystem(mount.root()), SPECIAL).add(' ').escaped(place, SPECIAL).add(' ');
            text.add(mount.readOnly() ? "ro" : "rw").add(mountFlags(mount));
            text.add(mount.propagation().isEmpty() ? "" : " " + mount.propagation());
            text.add(" - ").escaped(mount.fileSystem().type(), SPECIAL).add(' ').escaped(source(mount), SPECIAL).add(' ');
            text.add(mount.readOnly() ? "ro" : "rw").add(superFlags(mount)).add(mount.fileSystem().options()).add('\n');
        });
    }

    static byte[] mountstats(Target target) {
        return lines(target, (text, mount, place) -> text.add("device ").escaped(source(mount), SPECIAL).add(" mounted on ")
                .escaped(place, SPECIAL).add(" with fstype ").escaped(mount.fileSystem().type(), SPECIAL).add(" \n"));
    }

    private static byte[] lines(Target target, Line line) {
        Task task = target.task();
        Text text = new Text();
        MountNamespace namespace = task.mounts();
        if (namespace == null || task.fs() == null) {
            return text.bytes();
        }
        Vfs vfs = target.kernel().vfs();
        for (Mount mount : namespace.mounts()) {
            if (Thread.currentThread() instanceof Killable reader && reader.killed()) {
                throw ErrnoException.of(Errno.EINTR);
            }
            String place = vfs.name(task, new VfsPath(mount, mount.root()));
            if (!place.startsWith(UNREACHABLE)) {
                line.write(text, mount, place);
            }
        }
        return text.bytes();
    }

    private static String source(Mount mount) {
        return mount.source() == null || mount.source().isEmpty() ? "none" : mount.source();
    }

    /** Options of the whole file system. */
    private static String superFlags(Mount mount) {
        return ((mount.flags() & MS_SYNCHRONOUS) != 0 ? ",sync" : "") + ((mount.flags() & MS_DIRSYNC) != 0 ? ",dirsync" : "");
    }

    /** Options of the mount, in Linux's order. */
    private static String mountFlags(Mount mount) {
        StringBuilder b = new StringBuilder();
        long[] bits = {MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME, MS_RELATIME, MS_NOSYMFOLLOW};
        String[] names = {"nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "nosymfollow"};
        for (int i = 0; i < bits.length; i++) {
            if ((mount.flags() & bits[i]) != 0) {
                b.append(',').append(names[i]);
            }
        }
        return b.toString();
    }

    private static String pathInFileSystem(Dentry dentry) {
        if (dentry.parent() == dentry) {
            return "/";
        }
        ArrayDeque<String> names = new ArrayDeque<>();
        for (Dentry d = dentry; d.parent() != d; d = d.parent()) {
            names.push(d.name());
        }
        StringBuilder b = new StringBuilder();
        names.forEach(name -> b.append('/').append(name));
        return b.append(dentry.isDeleted() ? "//deleted" : "").toString();
    }
}
