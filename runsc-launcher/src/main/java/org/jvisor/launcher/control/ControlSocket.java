// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.PollfdLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostBytes;
import org.jvisor.launcher.host.HostCalls;

/**
 * One end of the connection between runsc and the Sentry: frames, in order, that may carry descriptors. A request has a number that
 * its answer repeats, so that answers may come in another order; what nobody asked for has 0.
 *
 * <pre>
 *  0      4      8         16
 *  +------+------+---------+---------------+
 *  | type | size | request | size bytes    |   descriptors travel beside the first byte (unix(7), SCM_RIGHTS)
 *  +------+------+---------+---------------+
 * </pre>
 *
 * Any threads may send, while one receives.
 */
public final class ControlSocket implements AutoCloseable {
    /** Longest frame: a container's arguments and environment, or a bundle. */
    private static final int LONGEST = 64 << 20;
    /** What one message can carry (SCM_MAX_FD). */
    private static final int MOST_DESCRIPTORS = 253;
    private static final int HEADER = 16;
    private static final int PART = 1 << 20;
    private static final int SIZE = 4;
    private static final int REQUEST = 8;
    private static final int FOREVER = -1;
    private static final int POLLIN = Poll.POLLIN;
    private static final int POLLOUT = Poll.POLLOUT;

    private final HostKernel host;
    private final int fd;
    private final int limitMillis;

    /** A peer that is waited for as long as it takes. */
    public ControlSocket(HostKernel host, int fd) {
        this(host, fd, FOREVER);
    }

    /** @param limitMillis how long the peer may take over the rest of a frame that it has begun to send, or to take one */
    public ControlSocket(HostKernel host, int fd, int limitMillis) {
        this.host = host;
        this.fd = fd;
        this.limitMillis = limitMillis;
    }

    public int descriptor() {
        return fd;
    }

    /** What {@link #receive} found. */
    public record Frame(int type, long request, byte[] body, int[] descriptors) {

        /** For who has yet to answer, and has read the body: it may be large. */
        public Frame withoutBody() {
            return new Frame(type, request, new byte[0], descriptors);
        }
    }

    /** Sends what is no request and no answer to one. */
    public boolean send(int type, byte[] body, int... descriptors) {
        return send(type, 0, body, descriptors);
    }

    /** @return whether the peer is still there */
    public synchronized boolean send(int type, long request, byte[] body, int... descriptors) {
        if (descriptors.length > MOST_DESCRIPTORS) {
            throw new RunscException("more than " + MOST_DESCRIPTORS + " descriptors to hand over");
        }
        try (UnixMessage message = begin(type, request, body, body.length)) {
            message.putDescriptors(descriptors);
            return send(message, message.data(), HEADER + body.length);
        }
    }

    /**
     * Sends a frame whose body ends with bytes that are not in the heap.
     *
     * @return whether the peer is still there
     */
    public synchronized boolean send(int type, long request, byte[] body, HostBytes end) {
        try (UnixMessage message = begin(type, request, body, body.length + end.length())) {
            return send(message, message.data(), HEADER + body.length) && send(message, end.address(), end.length());
        }
    }

    private UnixMessage begin(int type, long request, byte[] body, int size) {
        UnixMessage message = new UnixMessage(host, HEADER + body.length);
        host.putInt(message.data(), type);
        host.putInt(message.data() + SIZE, size);
        host.putLong(message.data() + REQUEST, request);
        host.copyOut(body, 0, body.length, message.data() + HEADER);
        return message;
    }

    /** @param from where the bytes are */
    private boolean send(UnixMessage message, long from, int bytes) {
        int done = 0;
        while (done < bytes) {
            if (limitMillis != FOREVER && !await(POLLOUT, limitMillis)) {
                throw new RunscException("the peer of a control connection takes no answer");
            }
            message.range(from + done, bytes - done);
            int wait = limitMillis == FOREVER ? 0 : Socket.MSG_DONTWAIT;
            long count = host.syscall(SyscallNr.SENDMSG, fd, message.address(), Socket.MSG_NOSIGNAL | wait);
            if (count == -Errno.EPIPE || count == -Errno.ECONNRESET) {
                return false;
            }
            if (count != -Errno.EINTR && count != -Errno.EAGAIN) {
                done += (int) HostCalls.check(count, "sending to the control socket");
                message.putDescriptors();
            }
        }
        return true;
    }

    /** @return the next frame; null when the peer is gone */
    public Frame receive() {
        return receive(LONGEST);
    }

    /**
     * @param longest the most bytes that a frame's body may have
     * @throws RunscException about a frame that is longer, or that does not come to its end in time
     */
    public Frame receive(int longest) {
        try (UnixMessage header = new UnixMessage(host, HEADER)) {
            header.expectDescriptors(MOST_DESCRIPTORS);
            byte[] body;
            try {
                body = fill(header, HEADER) ? body(host.getInt(header.data() + SIZE), longest) : null;
            } catch (RunscException e) {
                closeAll(header.descriptors());
                throw e;
            }
            if (body == null) {
                closeAll(header.descriptors());
                return null;
            }
            return new Frame(host.getInt(header.data()), host.getLong(header.data() + REQUEST), body, header.descriptors());
        }
    }

    private byte[] body(int size, int longest) {
        if (size < 0 || size > longest) {
            throw new RunscException("a frame of " + Integer.toUnsignedString(size) + " bytes on the control socket");
        }
        // What was announced is believed when it comes: so the memory that a peer takes is what it has sent.
        byte[] body = new byte[Math.min(size, PART)];
        try (UnixMessage part = new UnixMessage(host, body.length)) {
            int done = 0;
            while (done < size) {
                int bytes = Math.min(size - done, PART);
                if (!fill(part, bytes)) {
                    return null;
                }
                if (body.length < done + bytes) {
                    body = Arrays.copyOf(body, (int) Math.min(size, 2L * body.length));
                }
                host.copyIn(part.data(), body, done, bytes);
                done += bytes;
            }
            return body;
        }
    }

    private boolean fill(UnixMessage message, int bytes) {
        long begin = System.nanoTime();
        int done = 0;
        while (done < bytes) {
            if (limitMillis != FOREVER) {
                long left = limitMillis - (System.nanoTime() - begin) / 1_000_000;
                if (left <= 0 || !await(POLLIN, (int) left)) {
                    throw new RunscException("a frame that does not come to its end on the control socket");
                }
            }
            message.range(message.data() + done, bytes - done);
            long count = host.syscall(SyscallNr.RECVMSG, fd, message.address(), Socket.MSG_CMSG_CLOEXEC);
            if (count == 0 || count == -Errno.ECONNRESET) {
                return false;
            }
            if (count != -Errno.EINTR) {
                done += (int) HostCalls.check(count, "receiving from the control socket");
                message.keepDescriptors();
            }
        }
        return true;
    }

    /** Waits for the begin of a frame, or the peer's end, no longer than this; whether one is there. */
    public boolean awaitFrame(int millis) {
        return await(POLLIN, millis);
    }

    private boolean await(int events, int millis) {
        long at = host.allocate(PollfdLayout.SIZE);
        try {
            host.putInt(at + PollfdLayout.FD, fd);
            host.putShort(at + PollfdLayout.EVENTS, (short) events);
            long ready;
            do {
                ready = host.syscall(SyscallNr.POLL, at, 1, millis);
            } while (ready == -Errno.EINTR);
            return HostCalls.check(ready, "waiting for the control socket") > 0;
        } finally {
            host.free(at);
        }
    }

    private void closeAll(int[] descriptors) {
        for (int descriptor : descriptors) {
            host.syscall(SyscallNr.CLOSE, descriptor);
        }
    }

    /** Wakes a thread in {@link #receive}, here and at the peer. */
    public void shutdown() {
        host.syscall(SyscallNr.SHUTDOWN, fd, Socket.SHUT_RDWR);
    }

    @Override
    public void close() {
        host.syscall(SyscallNr.CLOSE, fd);
    }
}
