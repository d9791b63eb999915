// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.MmsghdrLayout;
import org.jvisor.api.abi.MsghdrLayout;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** send(2), recv(2) and their kin. */
final class MessageCalls {

    private static final int UIO_MAXIOV = 1024;

    private static Socket.Message message(int flags) {
        Socket.Message message = PerThread.message();
        message.reset(flags);
        return message;
    }

    long sendto(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            if (isPlain(a)) {
                return file.write(t, t.memory().range(a.a1, length(a.a2), false));
            }
            Socket.Message message = message(a.int3());
            if (a.a4 != 0) {
                message.addressLength = Sockets.copyAddressIn(t, a.a4, a.int5(), message.address);
            }
            return send(t, file, t.memory().range(a.a1, length(a.a2), false), message);
        } finally {
            file.release(t);
        }
    }

    /**
     * Without flags and address a send or receive of some bytes is write(2) or read(2) (send(2), recv(2)), which need no message
     * and so allocate nothing.
     */
    private static boolean isPlain(Arguments a) {
        return a.int3() == 0 && a.a4 == 0 && a.a2 > 0;
    }

    /** MAX_RW_COUNT, as for read(2). */
    private static long length(long wanted) {
        return wanted < 0 ? 0x7ffff000L : Math.min(wanted, 0x7ffff000L);
    }

    private static long send(Task t, FileDescription file, IoBuffer data, Socket.Message message) {
        Socket socket = Sockets.of(file);
        boolean nonBlocking = Sockets.nonBlocking(file, message.flags);
        try {
            if (socket.type() != SOCK_STREAM) {
                long result = Sockets.blocking(t, file, nonBlocking, Poll.POLLOUT, true, Sockets.SEND, data, message);
                if (result >= 0) {
                    message.files = null;
                }
                return result;
            }
            long total = t.call().done();
            if (total > 0) {
                giveBack(t, message);
                if (!data.skip(total) || data.remaining() == 0) {
                    return total;
                }
            }
            do {
                long moved = Sockets.blocking(t, file, nonBlocking, Poll.POLLOUT, true, Sockets.SEND, data, message);
                if (moved <= 0) {
                    return moved == 0 ? total : t.call().endedBy(moved, total);
                }
                message.files = null; // what was attached went with the first bytes
                total += moved;
            } while (data.remaining() > 0);
            return total;
        } finally {
            giveBack(t, message);
        }
    }

    /** What nobody took goes. */
    private static void giveBack(Task t, Socket.Message message) {
        ControlMessages.release(t, message.files);
        message.files = null;
    }

    long recvfrom(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            if (isPlain(a)) {
                return file.read(t, t.memory().range(a.a1, length(a.a2), true));
            }
            Socket.Message message = message(a.int3());
            long result = receive(t, file, t.memory().range(a.a1, length(a.a2), true), message);
            giveBack(t, message);
            if (result >= 0 && a.a4 != 0) {
                Sockets.copyAddressOut(t, message.address, message.addressLength, a.a4, a.a5);
            }
            return result;
        } finally {
            file.release(t);
        }
    }

    private static long receive(Task t, FileDescription file, IoBuffer data, Socket.Message message) {
        Socket socket = Sockets.of(file);
        boolean nonBlocking = Sockets.nonBlocking(file, message.flags);
        if ((message.flags & MSG_ERRQUEUE) != 0) {
            return -Errno.EAGAIN;
        }
        boolean all = (message.flags & MSG_WAITALL) != 0 && (message.flags & MSG_PEEK) == 0 && socket.type() == SOCK_STREAM;
        long total = t.call().done();
        if (total > 0 && (!data.skip(total) || data.remaining() == 0)) {
            return total;
        }
        do {
            long moved = Sockets.blocking(t, file, nonBlocking, Poll.POLLIN | Poll.POLLRDHUP, false,
                    Sockets.RECEIVE, data, message);
            if (moved <= 0) {
                return moved == 0 ? total : t.call().endedBy(moved, total);
            }
            total += moved;
        } while (all && data.remaining() > 0 && message.files == null);
        return total;
    }

    long sendmsg(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            return sendOne(t, file, a.a1, a.int2());
        } finally {
            file.release(t);
        }
    }

    private long sendOne(Task t, FileDescription file, long header, int flags) {
        byte[] b = t.scratch();
        t.memory().copyIn(header, b, 0, MsghdrLayout.SIZE);
        long name = MsghdrLayout.name(b, 0);
        int nameLength = MsghdrLayout.namelen(b, 0);
        int vectors = vectors(b);
        long iov = MsghdrLayout.iov(b, 0);
        long control = MsghdrLayout.control(b, 0);
        long controlLength = MsghdrLayout.controllen(b, 0);
        Socket.Message message = message(flags);
        if (name != 0 && nameLength != 0) {
            if (nameLength < 0) {
                return -Errno.EINVAL;
            }
            message.addressLength = Sockets.copyAddressIn(t, name, Math.min(nameLength, Sockets.MAX_ADDRESS), message.address);
        }
        ControlMessages.read(t, Sockets.of(file), control, controlLength, message);
        IoBuffer data;
        try {
            data = t.memory().vector(iov, vectors, false);
        } catch (ErrnoException e) {
            giveBack(t, message);
            throw e;
        }
        return send(t, file, data, message);
    }

    private static int vectors(byte[] header) {
        long count = MsghdrLayout.iovlen(header, 0);
        if (count < 0 || count > UIO_MAXIOV) {
            throw ErrnoException.of(Errno.EMSGSIZE);
        }
        return (int) count;
    }

    long recvmsg(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            return receiveOne(t, file, a.a1, a.int2());
        } finally {
            file.release(t);
        }
    }

    private long receiveOne(Task t, FileDescription file, long header, int flags) {
        byte[] b = t.scratch();
        t.memory().copyIn(header, b, 0, MsghdrLayout.SIZE);
        long name = MsghdrLayout.name(b, 0);
        int nameLength = MsghdrLayout.namelen(b, 0);
        if (nameLength < 0) {
            return -Errno.EINVAL;
        }
        int vectors = vectors(b);
        long iov = MsghdrLayout.iov(b, 0);
        long control = MsghdrLayout.control(b, 0);
        long controlLength = MsghdrLayout.controllen(b, 0);
        Socket.Message message = message(flags);
        try {
            long result = receive(t, file, t.memory().vector(iov, vectors, true), message);
            if (result < 0) {
                return result;
            }
            long used = ControlMessages.write(t, Sockets.of(file), control, controlLength, message);
            if (name != 0) {
                t.memory().copyOut(message.address, 0, Math.min(nameLength, message.addressLength), name);
                t.memory().putInt(header + MsghdrLayout.NAMELEN, message.addressLength);
            }
            t.memory().putLong(header + MsghdrLayout.CONTROLLEN, used);
            t.memory().putInt(header + MsghdrLayout.FLAGS, message.resultFlags | flags & MSG_CMSG_CLOEXEC);
            return result;
        } finally {
            giveBack(t, message);
        }
    }

    long sendmmsg(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            int count = (int) Math.min(a.a2 & 0xffffffffL, UIO_MAXIOV);
            int done = (int) t.call().done();
            while (done < count) {
                long header = a.a1 + (long) done * MmsghdrLayout.SIZE;
                long sent = attempt(t, () -> sendOne(t, file, header, a.int3()));
                if (sent < 0) {
                    return t.call().endedBy(sent, done);
                }
                t.memory().putInt(header + MmsghdrLayout.LEN, (int) sent);
                done++;
            }
            return done;
        } finally {
            file.release(t);
        }
    }

    /** One message of several: what is done of it is its own. */
    private static long attempt(Task t, Sockets.Attempt attempt) {
        t.call().enter();
        long result;
        try {
            result = attempt.run();
        } catch (ErrnoException e) {
            result = -e.errno();
        }
        return t.call().leave(result);
    }

    long recvmmsg(Task t, Arguments a) {
        long deadline = Long.MAX_VALUE;
        if (a.a4 != 0) {
            byte[] b = t.scratch();
            t.memory().copyIn(a.a4, b, 0, TimespecLayout.SIZE);
            if (!TimespecLayout.isValid(b, 0)) {
                return -Errno.EINVAL;
            }
            deadline = t.call().deadline(TimespecLayout.toNs(b, 0));
        }
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            int flags = a.int3() & ~MSG_WAITFORONE;
            int count = (int) Math.min(a.a2 & 0xffffffffL, UIO_MAXIOV);
            int done = (int) t.call().done();
            // As on Linux the time-out is only looked at after each message (recvmmsg(2), BUGS).
            while (done < count && (done == 0 || System.nanoTime() < deadline)) {
                long header = a.a1 + (long) done * MmsghdrLayout.SIZE;
                int now = done > 0 && (a.int3() & MSG_WAITFORONE) != 0 ? flags | MSG_DONTWAIT : flags;
                long received = attempt(t, () -> receiveOne(t, file, header, now));
                if (received < 0) {
                    return t.call().endedBy(received, done);
                }
                t.memory().putInt(header + MmsghdrLayout.LEN, (int) received);
                done++;
            }
            return done;
        } finally {
            file.release(t);
        }
    }
}
