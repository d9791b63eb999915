// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.PollfdLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
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
    private static final int HEADER = FrameReader.HEADER;
    private static final int FOREVER = -1;
    private static final int POLLIN = Poll.POLLIN;
    private static final int POLLOUT = Poll.POLLOUT;

    private final HostKernel host;
    private final int fd;
    private final int limitMillis;
    private final FrameReader reader;
    /** One frame after the other. */
    private final KillableLock sending = new KillableLock(LockRank.CONTROL_CONNECTION);

    /** A peer that is waited for as long as it takes. */
    public ControlSocket(HostKernel host, int fd) {
        this(host, fd, FOREVER);
    }

    /** @param limitMillis how long the peer may take over the rest of a frame that it has begun to send, or to take one */
    public ControlSocket(HostKernel host, int fd, int limitMillis) {
        this.host = host;
        this.fd = fd;
        this.limitMillis = limitMillis;
        reader = new FrameReader(this, host);
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
    public boolean send(int type, long request, byte[] body, int... descriptors) {
        try (KillableLock _ = sending.take()) {
            if (descriptors.length > FrameReader.MOST_DESCRIPTORS) {
                throw new RunscException("more than " + FrameReader.MOST_DESCRIPTORS + " descriptors to hand over");
            }
            try (UnixMessage message = begin(type, request, body, body.length)) {
                message.putDescriptors(descriptors);
                return send(message, message.data(), HEADER + body.length);
            }
        }
    }

    /**
     * Sends a frame whose body ends with bytes that are not in the heap.
     *
     * @return whether the peer is still there
     */
    public boolean send(int type, long request, byte[] body, HostBytes end) {
        try (KillableLock _ = sending.take()) {
            try (UnixMessage message = begin(type, request, body, body.length + end.length())) {
                return send(message, message.data(), HEADER + body.length) && send(message, end.address(), end.length());
            }
        }
    }

    /**
     * Sends a small frame if the peer has taken what came before, and waits for nothing.
     *
     * @return whether it was sent
     */
    public boolean offer(int type, long request, byte[] body) {
        try (KillableLock _ = sending.take()) {
            try (UnixMessage message = begin(type, request, body, body.length)) {
                message.range(message.data(), HEADER + body.length);
                long count = host.syscall(SyscallNr.SENDMSG, fd, message.address(), Socket.MSG_NOSIGNAL | Socket.MSG_DONTWAIT);
                return count == HEADER + body.length;
            }
        }
    }

    /**
     * A frame for when there is no memory left.
     *
     * @return sends it, and waits for nothing; allocates nothing
     */
    public Runnable prepare(int type, byte[] body) {
        UnixMessage message = begin(type, 0, body, body.length);
        message.range(message.data(), HEADER + body.length);
        return () -> host.syscall(SyscallNr.SENDMSG, fd, message.address(), Socket.MSG_NOSIGNAL | Socket.MSG_DONTWAIT);
    }

    private UnixMessage begin(int type, long request, byte[] body, int size) {
        UnixMessage message = new UnixMessage(host, HEADER + body.length);
        host.putInt(message.data(), type);
        host.putInt(message.data() + FrameReader.SIZE, size);
        host.putLong(message.data() + FrameReader.REQUEST, request);
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
     * After an OutOfMemoryError it can be called again, and goes on where it was.
     *
     * @param longest the most bytes that a frame's body may have
     * @throws RunscException about a frame that is longer, or that does not come to its end in time
     */
    public Frame receive(int longest) {
        return reader.receive(longest);
    }

    /** Whether the peer does something that was waited for since {@code beginNs}, within the limit. */
    boolean awaitRest(int events, long beginNs) {
        long left = limitMillis - (System.nanoTime() - beginNs) / 1_000_000;
        return limitMillis == FOREVER || left > 0 && await(events, (int) left);
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

    /** Wakes a thread in {@link #receive}, here and at the peer. */
    public void shutdown() {
        host.syscall(SyscallNr.SHUTDOWN, fd, Socket.SHUT_RDWR);
    }

    @Override
    public void close() {
        reader.close();
        host.syscall(SyscallNr.CLOSE, fd);
    }
}
