// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/**
 * One end of the connection between runsc and the Sentry: frames, in order, that may carry descriptors.
 *
 * <pre>
 *  0      4      8           8+4*0
 *  +------+------+----------------------+
 *  | type | size | size bytes           |   descriptors travel beside the first byte (unix(7), SCM_RIGHTS)
 *  +------+------+----------------------+
 * </pre>
 *
 * One thread may send while another receives.
 */
public final class ControlSocket implements AutoCloseable {
    /** Longest frame: a container's arguments and environment, or a bundle. */
    private static final int LONGEST = 64 << 20;
    /** What one message can carry (SCM_MAX_FD). */
    private static final int MOST_DESCRIPTORS = 253;
    private static final int HEADER = 8;

    private final HostKernel host;
    private final int fd;

    public ControlSocket(HostKernel host, int fd) {
        this.host = host;
        this.fd = fd;
    }

    public int descriptor() {
        return fd;
    }

    /** What {@link #receive} found. */
    public record Frame(int type, byte[] body, int[] descriptors) {}

    /** @return whether the peer is still there */
    public synchronized boolean send(int type, byte[] body, int... descriptors) {
        if (descriptors.length > MOST_DESCRIPTORS) {
            throw new RunscException("more than " + MOST_DESCRIPTORS + " descriptors to hand over");
        }
        try (UnixMessage message = new UnixMessage(host, HEADER + body.length)) {
            host.putInt(message.data(), type);
            host.putInt(message.data() + 4, body.length);
            host.copyOut(body, 0, body.length, message.data() + HEADER);
            message.putDescriptors(descriptors);
            int done = 0;
            while (done < HEADER + body.length) {
                message.range(done, HEADER + body.length - done);
                long count = host.syscall(SyscallNr.SENDMSG, fd, message.address(), Socket.MSG_NOSIGNAL);
                if (count == -Errno.EPIPE || count == -Errno.ECONNRESET) {
                    return false;
                }
                if (count != -Errno.EINTR) {
                    done += (int) HostCalls.check(count, "sending to the control socket");
                    message.putDescriptors();
                }
            }
            return true;
        }
    }

    /** @return the next frame; null when the peer is gone */
    public Frame receive() {
        try (UnixMessage header = new UnixMessage(host, HEADER)) {
            header.expectDescriptors(MOST_DESCRIPTORS);
            if (!fill(header, HEADER)) {
                return null;
            }
            int type = host.getInt(header.data());
            int size = host.getInt(header.data() + 4);
            int[] descriptors = header.descriptors();
            if (size < 0 || size > LONGEST) {
                throw new RunscException("a frame of " + Integer.toUnsignedString(size) + " bytes on the control socket");
            }
            byte[] body = new byte[size];
            if (size > 0) {
                try (UnixMessage rest = new UnixMessage(host, size)) {
                    if (!fill(rest, size)) {
                        return null;
                    }
                    host.copyIn(rest.data(), body, 0, size);
                }
            }
            return new Frame(type, body, descriptors);
        }
    }

    private boolean fill(UnixMessage message, int bytes) {
        int done = 0;
        while (done < bytes) {
            message.range(done, bytes - done);
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

    /** Wakes a thread in {@link #receive}, here and at the peer. */
    public void shutdown() {
        host.syscall(SyscallNr.SHUTDOWN, fd, Socket.SHUT_RDWR);
    }

    @Override
    public void close() {
        host.syscall(SyscallNr.CLOSE, fd);
    }
}
