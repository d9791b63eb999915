// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** Makes the upper layer's copy of something that only the lower one has: type, owner, mode, times, attributes and bytes. */
final class CopyUp {

    private static final int CHUNK = 1 << 18;

    private CopyUp() {
    }

    static Inode copy(Task task, Overlay overlay, Inode lower, Inode directory, String name, boolean withData) {
        Stat stat = new Stat();
        lower.stat(stat);
        Inode.Owner owner = new Inode.Owner(stat.uid, stat.gid);
        Inode made;
        if (Mode.isDir(stat.mode)) {
            made = directory.mkdir(task, name, stat.mode, owner);
        } else if (Mode.isSymlink(stat.mode)) {
            made = directory.symlink(task, name, lower.readlink(task), owner);
        } else {
            made = directory.create(task, name, stat.mode, stat.rdev, owner);
        }
        try {
            if (Mode.isRegular(stat.mode) && withData) {
                bytes(task, overlay, lower, made);
            }
            if (!Mode.isSymlink(stat.mode)) {
                for (String attribute : lower.listXattr(task)) {
                    made.setXattr(task, attribute, lower.getXattr(task, attribute), 0);
                }
            }
            SetAttributes times = new SetAttributes();
            times.valid = SetAttributes.ATIME | SetAttributes.MTIME;
            times.atimeSeconds = stat.atimeSec;
            times.atimeNanos = stat.atimeNsec;
            times.mtimeSeconds = stat.mtimeSec;
            times.mtimeNanos = stat.mtimeNsec;
            made.setAttributes(task, times);
            return made;
        } catch (ErrnoException e) {
            if (Mode.isDir(stat.mode)) {
                directory.rmdir(task, name, made);
            } else {
                directory.unlink(task, name, made);
            }
            throw e;
        }
    }

    private static void bytes(Task task, Overlay overlay, Inode from, Inode to) {
        FileDescription in = overlay.open(task, from, Open.O_RDONLY);
        try {
            FileDescription out = overlay.open(task, to, Open.O_WRONLY);
            try {
                copy(task, overlay.memory(), in, out);
            } finally {
                out.release(task);
            }
        } finally {
            in.release(task);
        }
    }

    private static void copy(Task task, Memory memory, FileDescription in, FileDescription out) {
        byte[] chunk = new byte[CHUNK];
        long offset = 0;
        int n;
        while ((n = (int) check(in.operations().read(task, in, memory.kernelBuffer(chunk, 0, CHUNK), offset))) > 0) {
            if (task != null && task.exiting()) {
                throw ErrnoException.of(Errno.EINTR); // a file may be of any length
            }
            int done = 0;
            while (done < n) {
                long written = check(out.operations().write(task, out, memory.kernelBuffer(chunk, done, n - done), offset + done));
                if (written == 0) {
                    throw ErrnoException.of(Errno.EIO);
                }
                done += (int) written;
            }
            offset += n;
        }
    }

    private static long check(long result) {
        if (result < 0) {
            throw ErrnoException.of(result == -Errno.EAGAIN ? Errno.EIO : (int) -result);
        }
        return result;
    }
}
