// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;

/**
 * splice(2), tee(2) and vmsplice(2). Pages are not passed on but copied, through a {@link Bounce}. What leaves a pipe is dropped
 * from it only once it has arrived, so that no byte is lost where the other side refuses it.
 */
final class Splices {

    private static final int FLAGS = Splice.SPLICE_F_MOVE | Splice.SPLICE_F_NONBLOCK | Splice.SPLICE_F_MORE
            | Splice.SPLICE_F_GIFT;

    /** No offset was given: the file's own position. */
    private static final long OWN_POSITION = -1;

    /** What a pipe had was gone when it was to be passed on. */
    private static final long TAKEN_BY_OTHERS = Long.MIN_VALUE;

    private Splices() {
    }

    static long splice(Task task, Arguments a) {
        int flags = a.int5();
        if ((flags & ~FLAGS) != 0 || a.a4 < 0) {
            return -Errno.EINVAL;
        }
        if (a.a4 == 0) {
            return 0;
        }
        FileDescription in = Fds.acquire(task, a.int0());
        try {
            FileDescription out = Fds.acquire(task, a.int2());
            try {
                return splice(task, in, a.a1, out, a.a3, ReadWrite.cut(a.a4), (flags & Splice.SPLICE_F_NONBLOCK) != 0);
            } finally {
                out.release(task);
            }
        } finally {
            in.release(task);
        }
    }

    private static long splice(Task task, FileDescription in, long inAddress, FileDescription out, long outAddress, long count,
            boolean nonBlocking) {
        Vfs.Pipe source = pipe(in);
        Vfs.Pipe target = pipe(out);
        if (source != null && inAddress != 0 || target != null && outAddress != 0) {
            return -Errno.ESPIPE;
        }
        long address = inAddress != 0 ? inAddress : outAddress;
        long offset = address != 0 ? task.memory().getLong(address) : OWN_POSITION;
        if (!in.readable() || !out.writable()) {
            return -Errno.EBADF;
        }
        if (source != null && target != null) {
            return source.samePipe(target) ? -Errno.EINVAL : pipeToPipe(task, in, source, out, target, count, nonBlocking, true);
        }
        if (source == null && target == null) {
            return -Errno.EINVAL;
        }
        FileDescription file = source == null ? in : out;
        if (!isSpliceable(file) || address != 0 && (!file.operations().positional() || offset < 0)
                || source != null && (out.flags() & Open.O_APPEND) != 0) {
            return -Errno.EINVAL;
        }
        boolean noWait = nonBlocking || task.call().done() > 0; // only the first bytes are waited for
        long moved = source != null ? pipeToFile(task, in, source, out, offset, count, noWait)
                : fileToPipe(task, in, offset, out, target, count, noWait);
        if (moved > 0 && address != 0) {
            task.memory().putLong(address, offset + moved);
        }
        return moved;
    }

    /** Not directories, eventfds and their kin; said before anything is waited for. */
    private static boolean isSpliceable(FileDescription file) {
        int type = Mode.type(file.inode().mode());
        return type != 0 && type != Mode.S_IFDIR;
    }

    private static Vfs.Pipe pipe(FileDescription file) {
        return file.operations() instanceof Vfs.Pipe pipe ? pipe : null;
    }

    /** Waits for one of {@code events} unless that is not wanted: 0, -EAGAIN, or -ERESTARTSYS. */
    private static long await(Task task, FileDescription end, int events, boolean nonBlocking) {
        if ((end.operations().poll(end) & (events | PollSet.ALWAYS)) != 0) {
            return 0;
        }
        if (nonBlocking || (end.flags() & Open.O_NONBLOCK) != 0) {
            return -Errno.EAGAIN;
        }
        return PollSet.awaitOne(task, end, events);
    }

    private static long pipeToFile(Task task, FileDescription in, Vfs.Pipe source, FileDescription out, long offset, long count,
            boolean nonBlocking) {
        long result;
        do {
            long waited = await(task, in, Poll.POLLIN, nonBlocking);
            if (waited < 0) {
                return task.call().endedBy(waited, task.call().done());
            }
            try (Bounce bounce = new Bounce(task); KillableLock _ = source.taking().take()) {
                result = drain(task, bounce, source, out, offset, count);
            }
        } while (result == TAKEN_BY_OTHERS && !task.exiting());
        return result == TAKEN_BY_OTHERS ? -Errno.ERESTARTSYS : result;
    }

    private static long drain(Task task, Bounce bounce, Vfs.Pipe source, FileDescription out, long offset, long count) {
        long moved = task.call().done();
        boolean first = true;
        while (moved < count) {
            long some = source.peek(bounce.target(count - moved));
            if (some <= 0) {
                return first && some == -Errno.EAGAIN ? TAKEN_BY_OTHERS : moved > 0 || some == -Errno.EAGAIN ? moved : some;
            }
            first = false;
            long written = Transfers.write(task, out, bounce.source(0, some),
                    offset == OWN_POSITION ? OWN_POSITION : offset + moved);
            if (written <= 0) {
                return written == 0 ? moved : task.call().endedBy(written, moved);
            }
            source.discard(written);
            moved += written;
            if (moved < count && task.interrupted()) {
                return task.call().cutShort(moved);
            }
            if (written < some) {
                break;
            }
        }
        return moved;
    }

    private static long fileToPipe(Task task, FileDescription in, long offset, FileDescription out, Vfs.Pipe target, long count,
            boolean nonBlocking) {
        long moved = task.call().done();
        long waited = await(task, out, Poll.POLLOUT, nonBlocking);
        if (waited < 0) {
            return task.call().endedBy(waited, moved);
        }
        try (Bounce bounce = new Bounce(task)) {
            while (moved < count) {
                int room = target.room();
                if (room == 0) {
                    break;
                }
                long broken = writeNothing(task, out, bounce);
                if (broken < 0) {
                    return task.call().endedBy(broken, moved); // before anything is read that would be lost
                }
                IoBuffer buffer = bounce.target(Math.min(count - moved, room));
                long wanted = buffer.remaining();
                long read = Transfers.read(task, in, buffer, offset == OWN_POSITION ? OWN_POSITION : offset + moved);
                if (read <= 0) {
                    return read == 0 ? moved : task.call().endedBy(read, moved);
                }
                long written = writeAll(task, out, bounce.source(0, read));
                if (written < 0) {
                    return task.call().endedBy(written, moved);
                }
                moved += written;
                if (moved < count && task.interrupted()) {
                    return task.call().cutShort(moved);
                }
                if (read < wanted || written < read) {
                    break;
                }
            }
        }
        return moved;
    }

    /** -EPIPE, and SIGPIPE, when nobody can read from {@code out} any more. */
    private static long writeNothing(Task task, FileDescription out, Bounce bounce) {
        return out.operations().write(task, out, bounce.source(0, 0), 0);
    }

    /** What was read must not get lost, even when another writer took the room: waits for more, O_NONBLOCK or not. */
    private static long writeAll(Task task, FileDescription out, IoBuffer buffer) {
        long written = 0;
        while (buffer.remaining() > 0) {
            long some = out.operations().write(task, out, buffer, 0);
            if (some == -Errno.EAGAIN) {
                some = PollSet.awaitOne(task, out, Poll.POLLOUT);
                if (some == 0) {
                    continue;
                }
            }
            if (some <= 0) {
                return written > 0 ? written : some;
            }
            written += some;
        }
        return written;
    }

    private static long pipeToPipe(Task task, FileDescription in, Vfs.Pipe source, FileDescription out, Vfs.Pipe target,
            long count, boolean nonBlocking, boolean consume) {
        long moved;
        do {
            long waited = await(task, in, Poll.POLLIN, nonBlocking);
            if (waited == 0) {
                waited = await(task, out, Poll.POLLOUT, nonBlocking);
            }
            if (waited < 0) {
                return waited;
            }
            try (Bounce bounce = new Bounce(task); KillableLock _ = source.taking().take()) {
                moved = passOn(task, bounce, source, out, target, count, consume);
            }
            // Others may have taken the bytes or the room.
        } while (moved == -Errno.EAGAIN && !task.exiting());
        return moved == -Errno.EAGAIN ? -Errno.ERESTARTSYS : moved;
    }

    private static long passOn(Task task, Bounce bounce, Vfs.Pipe source, FileDescription out, Vfs.Pipe target, long count,
            boolean consume) {
        long some = source.peek(bounce.target(Math.min(count, Math.max(1, target.room()))));
        if (some <= 0) {
            return some == 0 ? writeNothing(task, out, bounce) : some;
        }
        long written = out.operations().write(task, out, bounce.source(0, some), 0);
        if (written > 0 && consume) {
            source.discard(written);
        }
        return written;
    }

    static long tee(Task task, Arguments a) {
        int flags = a.int3();
        if ((flags & ~FLAGS) != 0 || a.a2 < 0) {
            return -Errno.EINVAL;
        }
        if (a.a2 == 0) {
            return 0;
        }
        FileDescription in = Fds.acquire(task, a.int0());
        try {
            FileDescription out = Fds.acquire(task, a.int1());
            try {
                if (!in.readable() || !out.writable()) {
                    return -Errno.EBADF;
                }
                Vfs.Pipe source = pipe(in);
                Vfs.Pipe target = pipe(out);
                if (source == null || target == null || source.samePipe(target)) {
                    return -Errno.EINVAL;
                }
                return pipeToPipe(task, in, source, out, target, ReadWrite.cut(a.a2), (flags & Splice.SPLICE_F_NONBLOCK) != 0,
                        false);
            } finally {
                out.release(task);
            }
        } finally {
            in.release(task);
        }
    }

    static long vmsplice(Task task, Arguments a) {
        int flags = a.int3();
        if ((flags & ~FLAGS) != 0 || a.a2 < 0 || a.a2 > Splice.IOV_MAX) {
            return -Errno.EINVAL;
        }
        FileDescription end = Fds.acquire(task, a.int0());
        try {
            if (pipe(end) == null) {
                return -Errno.EBADF;
            }
            boolean write = end.writable();
            IoBuffer buffer = task.memory().vector(a.a1, (int) a.a2, !write);
            boolean nonBlocking = (flags & Splice.SPLICE_F_NONBLOCK) != 0;
            if (!write) {
                return nonBlocking ? end.operations().read(task, end, buffer, 0) : end.read(task, buffer);
            }
            return buffer.remaining() == 0 ? 0 : fill(task, end, buffer, nonBlocking);
        } finally {
            end.release(task);
        }
    }

    /** Waits for some room, and not for more once that is filled. */
    private static long fill(Task task, FileDescription end, IoBuffer buffer, boolean nonBlocking) {
        for (;;) {
            long waited = await(task, end, Poll.POLLOUT, nonBlocking);
            if (waited < 0) {
                return waited;
            }
            long written = end.operations().write(task, end, buffer, 0);
            if (written != -Errno.EAGAIN) {
                return written;
            }
        }
    }
}
