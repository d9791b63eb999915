// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/**
 * The receiving end of a {@link ControlSocket}. What has come of a frame is kept here until there is all of it: an OutOfMemoryError
 * at any moment loses nothing, and {@link #receive} can be called again. One thread.
 */
final class FrameReader implements AutoCloseable {
    static final int HEADER = 16;
    static final int SIZE = 4;
    static final int REQUEST = 8;
    /** What one message can carry (SCM_MAX_FD). */
    static final int MOST_DESCRIPTORS = 253;
    /** Of a body, at once. */
    private static final int PART = 1 << 20;

    private static final byte[] NOTHING = {};

    private final ControlSocket socket;
    private final HostKernel host;
    private final UnixMessage header;
    private int headerBytes;
    private byte[] body = NOTHING;
    private int bodyBytes;
    /** Null between two parts. */
    private UnixMessage part;
    private int partBytes;

    FrameReader(ControlSocket socket, HostKernel host) {
        this.socket = socket;
        this.host = host;
        header = new UnixMessage(host, HEADER);
    }

    /** As {@link ControlSocket#receive}. */
    ControlSocket.Frame receive(int longest) {
        try {
            if (!fillHeader() || !fillBody(longest)) {
                refuse();
                return null;
            }
        } catch (RunscException e) {
            refuse();
            throw e;
        }
        ControlSocket.Frame frame = new ControlSocket.Frame(host.getInt(header.data()), host.getLong(header.data() + REQUEST), body,
            header.descriptors());
        headerBytes = 0;
        bodyBytes = 0;
        body = NOTHING;
        return frame;
    }

    private void refuse() {
        if (headerBytes > 0) {
            for (int descriptor : header.descriptors()) {
                host.syscall(SyscallNr.CLOSE, descriptor);
            }
        }
    }

    private boolean fillHeader() {
        long begin = System.nanoTime();
        if (headerBytes == 0) {
            header.expectDescriptors(MOST_DESCRIPTORS);
        }
        while (headerBytes < HEADER) {
            int count = take(header, headerBytes, HEADER - headerBytes, begin);
            if (count < 0) {
                return false;
            }
            headerBytes += count;
        }
        return true;
    }

    private boolean fillBody(int longest) {
        int size = host.getInt(header.data() + SIZE);
        if (size < 0 || size > longest) {
            throw new RunscException("a frame of " + Integer.toUnsignedString(size) + " bytes on the control socket");
        }
        // What was announced is believed when it comes: so the memory that a peer takes is about what it has sent.
        while (bodyBytes < size) {
            int bytes = Math.min(size - bodyBytes, PART);
            if (part == null) {
                partBytes = 0;
                part = new UnixMessage(host, bytes);
            }
            long begin = System.nanoTime();
            while (partBytes < bytes) {
                int count = take(part, partBytes, bytes - partBytes, begin);
                if (count < 0) {
                    return false;
                }
                partBytes += count;
            }
            if (body.length < bodyBytes + bytes) {
                body = Arrays.copyOf(body, (int) Math.min(size, Math.max(bytes, 2L * body.length)));
            }
            host.copyIn(part.data(), body, bodyBytes, bytes);
            bodyBytes += bytes;
            endPart();
        }
        return true;
    }

    private void endPart() {
        if (part != null) {
            UnixMessage done = part;
            part = null;
            done.close();
        }
    }

    /** @return how many bytes came, 0 perhaps; below 0: the peer is gone */
    private int take(UnixMessage message, int offset, int bytes, long begin) {
        if (!socket.awaitRest(Poll.POLLIN, begin)) {
            throw new RunscException("a frame that does not come to its end on the control socket");
        }
        message.range(message.data() + offset, bytes);
        long count = host.syscall(SyscallNr.RECVMSG, socket.descriptor(), message.address(), Socket.MSG_CMSG_CLOEXEC);
        if (count == 0 || count == -Errno.ECONNRESET) {
            return -1;
        }
        if (count == -Errno.EINTR) {
            return 0;
        }
        HostCalls.check(count, "receiving from the control socket");
        message.keepDescriptors();
        return (int) count;
    }

    @Override
    public void close() {
        endPart();
        header.close();
    }
}
