// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** Makes the upper layer's copy of something that only the lower one has: type, owner, mode, times, attributes and bytes. */
final class CopyUp {

    private static final int CHUNK = 1 << 18;

    private CopyUp() {
    }

    static Inode copy(Task task, Memory memory, Inode lower, Inode directory, String name, boolean withData) {
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
                bytes(task, memory, lower, made);
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

    private static void bytes(Task task, Memory memory, Inode from, Inode to) {
        FileOperations in = from.open(task, Open.O_RDONLY);
        try {
            FileOperations out = to.open(task, Open.O_WRONLY);
            try {
                byte[] chunk = new byte[CHUNK];
                long offset = 0;
                int n;
                while ((n = (int) check(in.read(task, null, memory.kernelBuffer(chunk, 0, CHUNK), offset))) > 0) {
                    int done = 0;
                    while (done < n) {
                        done += (int) check(out.write(task, null, memory.kernelBuffer(chunk, done, n - done), offset + done));
                    }
                    offset += n;
                }
            } finally {
                out.release(null);
            }
        } finally {
            in.release(null);
        }
    }

    private static long check(long result) {
        if (result < 0) {
            throw ErrnoException.of(result == -Errno.EAGAIN ? Errno.EIO : (int) -result);
        }
        return result;
    }
}
