// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import java.util.Arrays;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.CmsghdrLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.MsghdrLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Message;

/**
 * Whole messages over a connected Unix socket, in native buffers:
 *
 * <pre>
 *   0        56      72       96      128
 *   | msghdr | iovec | cmsghdr | …    | the message
 * </pre>
 *
 * A SOCK_SEQPACKET socket keeps messages apart by itself: a message is one system call and any number of threads can wait in
 * {@link #receive}. On a SOCK_STREAM socket the header is received first, one thread at a time. Any thread.
 *
 * <p>A client's end ({@link #sliced}) gives up after a while what it has been waiting for in the host's kernel, so that its thread can
 * see whether its task is killed; then it waits again.
 */
final class MessageSocket {
    /** Where the message begins in a buffer. */
    static final int DATA = 128;
    /** A packet must fit into the socket's buffer, which net.core.wmem_default keeps at 208 KiB. */
    private static final int MAX_PACKET = 128 << 10;

    private static final int IOVEC = MsghdrLayout.SIZE;
    private static final int CONTROL = 72;
    /** CMSG_LEN(sizeof(int)): room for exactly one descriptor, so that the kernel installs no second. */
    private static final int CMSG_LEN = 20;

    private final HostKernel host;
    private final int descriptor;
    private final boolean packets;
    private final int messageSize;
    /** Of streams: held over a message's bytes. */
    private final KillableLock receiveOrder = new KillableLock(LockRank.P9_TRANSFER);
    private final KillableLock sendOrder = new KillableLock(LockRank.P9_TRANSFER);

    /** Bytes of a stream's next message that are in the receiver's buffer already. Guarded by receiveOrder, as is the next. */
    private int partial;

    /** Bytes of that message, or of its header as long as that is not complete. */
    private int expected = P9Message.HEADER;

    private final Mutex lock = new Mutex(LockRank.P9_CLIENT);

    /** Buffers that nobody uses now. Guarded by the lock, as is all below. */
    private long[] idle = new long[4];

    private int idleCount;
    /** The client's receiver's, from its first use on. */
    private long receiverBuffer;
    private int users = 1;
    private boolean closed;

    MessageSocket(HostKernel host, int descriptor, int messageSize) {
        this.host = host;
        this.descriptor = descriptor;
        packets = isPacketSocket(host, descriptor);
        this.messageSize = packets ? Math.min(messageSize, MAX_PACKET) : messageSize;
        if (messageSize < P9Message.HEADER) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static boolean isPacketSocket(HostKernel host, int descriptor) {
        long scratch = host.allocate(Long.BYTES);
        try {
            host.putInt(scratch + 4, 4);
            ErrnoException.check(host.syscall(SyscallNr.GETSOCKOPT, descriptor, Socket.SOL_SOCKET, Socket.SO_TYPE, scratch,
                    scratch + 4, 0));
            int type = host.getInt(scratch);
            if (type != Socket.SOCK_SEQPACKET && type != Socket.SOCK_STREAM) {
                throw ErrnoException.of(Errno.EPROTOTYPE);
            }
            return type == Socket.SOCK_SEQPACKET;
        } finally {
            host.free(scratch);
        }
    }

    /** For a client's end: sends and receives return {@code -EAGAIN} after {@link Patience#SLICE_NS}. */
    MessageSocket sliced() {
        long slice = host.allocate(TimevalLayout.SIZE);
        try {
            host.putLong(slice + TimevalLayout.USEC, Patience.SLICE_NS / Clock.NSEC_PER_USEC);
            for (int option : new int[] {Socket.SO_RCVTIMEO, Socket.SO_SNDTIMEO}) {
                ErrnoException.check(host.syscall(SyscallNr.SETSOCKOPT, descriptor, Socket.SOL_SOCKET, option, slice,
                        TimevalLayout.SIZE, 0));
            }
            return this;
        } finally {
            host.free(slice);
        }
    }

    int messageSize() {
        return messageSize;
    }

    // ---- buffers, and the descriptor's life

    /** A buffer for one operation, which keeps the descriptor open until {@link #leave}; 0 when the socket is closed. */
    long enter() {
        try (Mutex _ = lock.take()) {
            if (closed) {
                return 0;
            }
            users++;
            return idleCount > 0 ? idle[--idleCount] : host.allocate(DATA + messageSize);
        }
    }

    void leave(long buffer) {
        try (Mutex _ = lock.take()) {
            if (idleCount == idle.length) {
                idle = Arrays.copyOf(idle, idleCount * 2);
            }
            idle[idleCount++] = buffer;
        }
        drop();
    }

    /** The same for a client's one receiver, whose buffer stays its own: it may hold a part of a message. */
    long enterReceiver() {
        try (Mutex _ = lock.take()) {
            if (closed) {
                return 0;
            }
            users++;
            if (receiverBuffer == 0) {
                receiverBuffer = host.allocate(DATA + messageSize);
            }
            return receiverBuffer;
        }
    }

    void leaveReceiver() {
        drop();
    }

    /** Ends the connection, in both directions: whoever waits returns. */
    void shutdown() {
        try (Mutex _ = lock.take()) {
            if (!closed) {
                host.syscall(SyscallNr.SHUTDOWN, descriptor, Socket.SHUT_RDWR);
            }
        }
    }

    /** The same for good: the descriptor is closed when the last thread has left. */
    void close() {
        try (Mutex _ = lock.take()) {
            if (closed) {
                return;
            }
            shutdown();
            closed = true;
        }
        drop();
    }

    /** The descriptor is somebody else's from now on. Nobody is inside. */
    void detach() {
        try (Mutex _ = lock.take()) {
            closed = true;
            freeBuffers();
        }
    }

    int descriptor() {
        return descriptor;
    }

    private void drop() {
        try (Mutex _ = lock.take()) {
            if (--users == 0) {
                freeBuffers();
                host.syscall(SyscallNr.CLOSE, descriptor);
            }
        }
    }

    /** With the lock. */
    private void freeBuffers() {
        for (int i = 0; i < idleCount; i++) {
            host.free(idle[i]);
        }
        idleCount = 0;
        if (receiverBuffer != 0) {
            host.free(receiverBuffer);
            receiverBuffer = 0;
        }
    }

    // ---- sending

    /**
     * Sends the {@code length} bytes at {@link #DATA} of {@code buffer}.
     *
     * @param patience of the calling thread
     * @return 0 or a negative errno; {@code -EINTR} when nothing was sent until the patience was over
     */
    long send(long buffer, int length, int donated, Patience patience) {
        LockOrder.mayWait("sending to a file server");
        if (packets) {
            long result;
            do {
                result = sendFirst(buffer, length, donated, 0);
            } while (result == -Errno.EAGAIN && !patience.isOver());
            return result >= 0 ? 0 : result == -Errno.EAGAIN ? -Errno.EINTR : -Errno.EIO;
        }
        try {
            sendOrder.lock();
        } catch (ErrnoException e) {
            return -e.errno();
        }
        try {
            return sendStream(buffer, length, donated, patience);
        } finally {
            sendOrder.unlock();
        }
    }

    private long sendStream(long buffer, int length, int donated, Patience patience) {
        long sent = 0;
        while (sent < length) {
            long more = sent == 0 ? sendFirst(buffer, length, donated, 0)
                    : host.syscall(SyscallNr.SENDTO, descriptor, buffer + DATA + sent, length - sent, Socket.MSG_NOSIGNAL, 0, 0);
            if (more >= 0) {
                sent += more;
            } else if (more == -Errno.EAGAIN && patience.isOver()) {
                // What has gone out in part cannot be taken back: then that is the connection's end.
                return sent == 0 ? -Errno.EINTR : -Errno.EIO;
            } else if (more != -Errno.EINTR && more != -Errno.EAGAIN) {
                return more;
            }
        }
        return 0;
    }

    /** Sends without waiting; whether all of it has gone out. Only packets can be sent so. */
    boolean trySend(long buffer, int length) {
        return packets && sendFirst(buffer, length, P9Message.NO_DESCRIPTOR, Socket.MSG_DONTWAIT) >= 0;
    }

    private long sendFirst(long buffer, int length, int donated, int flags) {
        long result;
        do {
            if (donated == P9Message.NO_DESCRIPTOR) {
                result = host.syscall(SyscallNr.SENDTO, descriptor, buffer + DATA, length, Socket.MSG_NOSIGNAL | flags, 0, 0);
            } else {
                prepare(buffer, length, true);
                host.putLong(buffer + CONTROL, CMSG_LEN);
                host.putInt(buffer + CONTROL + CmsghdrLayout.LEVEL, Socket.SOL_SOCKET);
                host.putInt(buffer + CONTROL + CmsghdrLayout.TYPE, Socket.SCM_RIGHTS);
                host.putInt(buffer + CONTROL + CmsghdrLayout.SIZE, donated);
                result = host.syscall(SyscallNr.SENDMSG, descriptor, buffer, Socket.MSG_NOSIGNAL | flags);
            }
        } while (result == -Errno.EINTR);
        return result;
    }

    // ---- receiving

    /**
     * Waits for a message and puts it at {@link #DATA} of {@code buffer}, its descriptor, if any, see {@link #received}.
     *
     * @param buffer after {@code -EAGAIN} the same once more
     * @param wantsDescriptor whether descriptors are taken; if not, the kernel drops them
     * @return its length, 0 at the end, or a negative errno; {@code -EPROTO} for what is no message
     */
    long receive(long buffer, boolean wantsDescriptor) {
        LockOrder.mayWait("receiving from a file server");
        if (packets) {
            return receivePacket(buffer, wantsDescriptor);
        }
        receiveOrder.lockAlways();
        try {
            return receiveFromStream(buffer, wantsDescriptor);
        } finally {
            receiveOrder.unlock();
        }
    }

    static int tag(HostKernel host, long buffer) {
        return host.getShort(buffer + DATA + 5) & 0xffff;
    }

    /** What a reply of {@code length} bytes means, without its content: the length, or a negative errno. */
    static long result(HostKernel host, long buffer, int length, int requestType) {
        int type = host.getByte(buffer + DATA + 4) & 0xff;
        if (type == requestType + 1) {
            return length;
        }
        int errno = type == P9.RLERROR && length >= P9Message.HEADER + Integer.BYTES ? host.getInt(buffer + DATA + P9Message.HEADER) : 0;
        return errno > 0 && Errno.isError(-errno) ? -errno : -Errno.EIO;
    }

    /** The descriptor that came with the message which was just received into {@code buffer}. */
    int received(long buffer) {
        boolean came = host.getLong(buffer + MsghdrLayout.CONTROLLEN) >= CMSG_LEN
                && host.getInt(buffer + CONTROL + CmsghdrLayout.LEVEL) == Socket.SOL_SOCKET
                && host.getInt(buffer + CONTROL + CmsghdrLayout.TYPE) == Socket.SCM_RIGHTS;
        return came ? host.getInt(buffer + CONTROL + CmsghdrLayout.SIZE) : P9Message.NO_DESCRIPTOR;
    }

    private long receivePacket(long buffer, boolean wantsDescriptor) {
        long length = receiveOnce(buffer, messageSize, wantsDescriptor, 0);
        if (length <= 0) {
            return length;
        }
        boolean truncated = (host.getInt(buffer + MsghdrLayout.FLAGS) & Socket.MSG_TRUNC) != 0;
        if (truncated || length < P9Message.HEADER || host.getInt(buffer + DATA) != length) {
            return refuse(buffer);
        }
        return length;
    }

    private long receiveFromStream(long buffer, boolean wantsDescriptor) {
        while (partial < expected) {
            long more = partial == 0 ? receiveOnce(buffer, expected, wantsDescriptor, Socket.MSG_WAITALL)
                    : host.syscall(SyscallNr.RECVFROM, descriptor, buffer + DATA + partial, expected - partial,
                            Socket.MSG_WAITALL, 0, 0);
            if (more == -Errno.EAGAIN || partial == 0 && more <= 0) {
                return more;
            }
            if (more <= 0 && more != -Errno.EINTR) {
                return refuseStream(buffer);
            }
            partial += (int) Math.max(more, 0);
            if (partial == P9Message.HEADER) {
                expected = host.getInt(buffer + DATA);
                if (expected < P9Message.HEADER || expected > messageSize) {
                    return refuseStream(buffer);
                }
            }
        }
        int length = expected;
        beginMessage();
        return length;
    }

    private void beginMessage() {
        partial = 0;
        expected = P9Message.HEADER;
    }

    private long refuseStream(long buffer) {
        beginMessage();
        return refuse(buffer);
    }

    private long receiveOnce(long buffer, int length, boolean wantsDescriptor, int flags) {
        long result;
        do {
            prepare(buffer, length, wantsDescriptor);
            result = host.syscall(SyscallNr.RECVMSG, descriptor, buffer, flags | Socket.MSG_CMSG_CLOEXEC);
        } while (result == -Errno.EINTR);
        return result;
    }

    /** Gives up on a connection whose peer does not keep to the framing. */
    private long refuse(long buffer) {
        int came = received(buffer);
        if (came != P9Message.NO_DESCRIPTOR) {
            host.syscall(SyscallNr.CLOSE, came);
        }
        return -Errno.EPROTO;
    }

    private void prepare(long buffer, int length, boolean control) {
        host.putLong(buffer + IOVEC, buffer + DATA);
        host.putLong(buffer + IOVEC + 8, length);
        host.putLong(buffer, 0);
        host.putLong(buffer + 8, 0);
        host.putLong(buffer + MsghdrLayout.IOV, buffer + IOVEC);
        host.putLong(buffer + MsghdrLayout.IOVLEN, 1);
        host.putLong(buffer + MsghdrLayout.CONTROL, control ? buffer + CONTROL : 0);
        host.putLong(buffer + MsghdrLayout.CONTROLLEN, control ? CMSG_LEN : 0);
        host.putLong(buffer + MsghdrLayout.FLAGS, 0);
    }
}
