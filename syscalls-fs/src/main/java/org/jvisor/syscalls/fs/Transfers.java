// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** sendfile(2) and copy_file_range(2). Bytes go through a {@link Bounce}. */
final class Transfers {

    private Transfers() {
    }

    static long sendfile(Task task, Arguments a) {
        FileDescription out = Fds.acquire(task, a.int0());
        try {
            FileDescription in = Fds.acquire(task, a.int1());
            try {
                return sendfile(task, in, out, a.a2, a.a3);
            } finally {
                in.release(task);
            }
        } finally {
            out.release(task);
        }
    }

    private static long sendfile(Task task, FileDescription in, FileDescription out, long offsetAddress, long count) {
        if (!in.readable() || !out.writable()) {
            return -Errno.EBADF;
        }
        if (count < 0) {
            return -Errno.EINVAL;
        }
        if (!in.operations().positional()) {
            return offsetAddress != 0 ? -Errno.ESPIPE : -Errno.EINVAL;
        }
        if (Mode.isDir(in.inode().mode()) || (out.flags() & Open.O_APPEND) != 0) {
            return -Errno.EINVAL;
        }
        long from = offsetAddress != 0 ? task.memory().getLong(offsetAddress) : Fds.position(task, in);
        if (from < 0) {
            return -Errno.EINVAL;
        }
        long moved = copy(task, in, from, out, -1, ReadWrite.cut(count));
        if (moved > 0) {
            advance(task, in, offsetAddress, from + moved);
        }
        return counted(task, moved);
    }

    /** Reads into the handler's own memory, at {@code offset} or -1; part of it counts whatever interrupted the rest. */
    static long read(Task task, FileDescription in, IoBuffer target, long offset) {
        task.call().enterOnce();
        return task.call().leave(offset < 0 ? in.read(task, target) : in.readAt(task, target, offset));
    }

    /** Likewise, writes from there to a file that may block. */
    static long write(Task task, FileDescription out, IoBuffer source, long offset) {
        task.call().enterOnce();
        return task.call().leave(offset < 0 ? out.write(task, source) : out.writeAt(task, source, offset));
    }

    static long copyFileRange(Task task, Arguments a) {
        if (a.int5() != 0) {
            return -Errno.EINVAL;
        }
        FileDescription in = Fds.acquire(task, a.int0());
        try {
            FileDescription out = Fds.acquire(task, a.int2());
            try {
                return copyFileRange(task, in, a.a1, out, a.a3, a.a4);
            } finally {
                out.release(task);
            }
        } finally {
            in.release(task);
        }
    }

    private static long copyFileRange(Task task, FileDescription in, long inAddress, FileDescription out, long outAddress,
            long count) {
        int inMode = in.inode().mode();
        int outMode = out.inode().mode();
        if (Mode.isDir(inMode) || Mode.isDir(outMode)) {
            return -Errno.EISDIR;
        }
        if (!Mode.isRegular(inMode) || !Mode.isRegular(outMode)) {
            return -Errno.EINVAL;
        }
        if (!in.readable() || !out.writable() || (out.flags() & Open.O_APPEND) != 0) {
            return -Errno.EBADF;
        }
        long from = inAddress != 0 ? task.memory().getLong(inAddress) : Fds.position(task, in);
        long to = outAddress != 0 ? task.memory().getLong(outAddress) : Fds.position(task, out);
        if (wraps(from, count) || wraps(to, count)) {
            return -Errno.EOVERFLOW;
        }
        if (from < 0 || to < 0 || count < 0) {
            return -Errno.EINVAL;
        }
        long length = Math.min(ReadWrite.cut(count), Math.max(0, in.inode().size() - from));
        if (to + length < 0) {
            return -Errno.EFBIG;
        }
        if (in.inode() == out.inode() && from < to + length && to < from + length) {
            return -Errno.EINVAL;
        }
        long moved = copy(task, in, from, out, to, length);
        if (moved > 0) {
            advance(task, in, inAddress, from + moved);
            advance(task, out, outAddress, to + moved);
        }
        return counted(task, moved);
    }

    /** Both are unsigned here. */
    private static boolean wraps(long offset, long count) {
        return Long.compareUnsigned(offset + count, offset) < 0;
    }

    /** proc(5), /proc/PID/io. */
    private static long counted(Task task, long moved) {
        task.usage().countRead(moved);
        task.usage().countWrite(moved);
        return moved;
    }

    private static void advance(Task task, FileDescription file, long address, long position) {
        if (address != 0) {
            task.memory().putLong(address, position);
        } else {
            Fds.setPosition(task, file, position);
        }
    }

    /**
     * Goes on from what the call has moved before it began again; the offsets are those that it began with.
     *
     * @param to where in {@code out}, or -1 for its own position
     * @return the count moved in all, an errno when none was, or that which has the call begin again
     */
    private static long copy(Task task, FileDescription in, long from, FileDescription out, long to, long count) {
        long moved = task.call().done();
        try (Bounce bounce = new Bounce(task)) {
            while (moved < count) {
                long read = read(task, in, bounce.target(count - moved), from + moved);
                if (read <= 0) {
                    return read == 0 ? moved : task.call().endedBy(read, moved);
                }
                long written = write(task, out, bounce.source(0, read), to < 0 ? -1 : to + moved);
                if (written <= 0) {
                    return written == 0 ? moved : task.call().endedBy(written, moved);
                }
                moved += written;
                if (moved < count && task.interrupted()) {
                    return task.call().cutShort(moved);
                }
                if (written < read) {
                    break;
                }
            }
        }
        return moved;
    }
}
