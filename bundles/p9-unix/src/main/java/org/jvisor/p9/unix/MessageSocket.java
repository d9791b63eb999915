// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import java.util.Arrays;
import org.jvisor.api.abi.CmsghdrLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.MsghdrLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
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
    private final Object receiveOrder = new Object();
    private final Object sendOrder = new Object();

    /** Buffers that nobody uses now. Guarded by this, as are the two below. */
    private long[] idle = new long[4];

    private int idleCount;
    private int users = 1;
    /** Guarded by this. */
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

    int messageSize() {
        return messageSize;
    }

    // ---- buffers, and the descriptor's life

    /** A buffer for one operation, which keeps the descriptor open until {@link #leave}; 0 when the socket is closed. */
    synchronized long enter() {
        if (closed) {
            return 0;
        }
        users++;
        return idleCount > 0 ? idle[--idleCount] : host.allocate(DATA + messageSize);
    }

    void leave(long buffer) {
        synchronized (this) {
            if (idleCount == idle.length) {
                idle = Arrays.copyOf(idle, idleCount * 2);
            }
            idle[idleCount++] = buffer;
        }
        drop();
    }

    /** Ends the connection, in both directions: whoever waits returns. */
    synchronized void shutdown() {
        if (!closed) {
            host.syscall(SyscallNr.SHUTDOWN, descriptor, Socket.SHUT_RDWR);
        }
    }

    /** The same for good: the descriptor is closed when the last thread has left. */
    void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            shutdown();
            closed = true;
        }
        drop();
    }

    /** The descriptor is somebody else's from now on. Nobody is inside. */
    synchronized void detach() {
        closed = true;
        for (int i = 0; i < idleCount; i++) {
            host.free(idle[i]);
        }
        idleCount = 0;
    }

    int descriptor() {
        return descriptor;
    }

    private void drop() {
        long[] buffers;
        synchronized (this) {
            if (--users > 0) {
                return;
            }
            buffers = Arrays.copyOf(idle, idleCount);
            idleCount = 0;
        }
        for (long buffer : buffers) {
            host.free(buffer);
        }
        host.syscall(SyscallNr.CLOSE, descriptor);
    }

    // ---- sending

    /** Sends the {@code length} bytes at {@link #DATA} of {@code buffer}; 0 or a negative errno. */
    long send(long buffer, int length, int donated) {
        if (packets) {
            return sendFirst(buffer, length, donated) < 0 ? -Errno.EIO : 0;
        }
        synchronized (sendOrder) {
            long sent = sendFirst(buffer, length, donated);
            while (sent >= 0 && sent < length) {
                long more = host.syscall(SyscallNr.SENDTO, descriptor, buffer + DATA + sent, length - sent,
                        Socket.MSG_NOSIGNAL, 0, 0);
                if (more >= 0) {
                    sent += more;
                } else if (more != -Errno.EINTR) {
                    sent = more;
                }
            }
            return Math.min(sent, 0);
        }
    }

    private long sendFirst(long buffer, int length, int donated) {
        long result;
        do {
            if (donated == P9Message.NO_DESCRIPTOR) {
                result = host.syscall(SyscallNr.SENDTO, descriptor, buffer + DATA, length, Socket.MSG_NOSIGNAL, 0, 0);
            } else {
                prepare(buffer, length, true);
                host.putLong(buffer + CONTROL, CMSG_LEN);
                host.putInt(buffer + CONTROL + CmsghdrLayout.LEVEL, Socket.SOL_SOCKET);
                host.putInt(buffer + CONTROL + CmsghdrLayout.TYPE, Socket.SCM_RIGHTS);
                host.putInt(buffer + CONTROL + CmsghdrLayout.SIZE, donated);
                result = host.syscall(SyscallNr.SENDMSG, descriptor, buffer, Socket.MSG_NOSIGNAL);
            }
        } while (result == -Errno.EINTR);
        return result;
    }

    // ---- receiving

    /**
     * Waits for a message and puts it at {@link #DATA} of {@code buffer}, its descriptor, if any, see {@link #received}.
     *
     * @param wantsDescriptor whether descriptors are taken; if not, the kernel drops them
     * @return its length, 0 at the end, or a negative errno; {@code -EPROTO} for what is no message
     */
    long receive(long buffer, boolean wantsDescriptor) {
        return packets ? receivePacket(buffer, wantsDescriptor) : receiveFromStream(buffer, wantsDescriptor);
    }

    static int tag(HostKernel host, long buffer) {
        return host.getShort(buffer + DATA + 5) & 0xffff;
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
        synchronized (receiveOrder) {
            long got = receiveOnce(buffer, P9Message.HEADER, wantsDescriptor, Socket.MSG_WAITALL);
            if (got <= 0) {
                return got;
            }
            int length = host.getInt(buffer + DATA);
            if (got < P9Message.HEADER || length < P9Message.HEADER || length > messageSize) {
                return refuse(buffer);
            }
            while (got < length) {
                long more = host.syscall(SyscallNr.RECVFROM, descriptor, buffer + DATA + got, length - got,
                        Socket.MSG_WAITALL, 0, 0);
                if (more == 0 || more < 0 && more != -Errno.EINTR) {
                    return refuse(buffer);
                }
                got += Math.max(more, 0);
            }
            return length;
        }
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
