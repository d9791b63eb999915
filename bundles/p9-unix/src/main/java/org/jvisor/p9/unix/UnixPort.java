// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Port;

/** The server's end of a Unix socket. */
final class UnixPort implements P9Port {
    private final HostKernel host;
    private final MessageSocket socket;

    UnixPort(HostKernel host, MessageSocket socket) {
        this.host = host;
        this.socket = socket;
    }

    @Override
    public int messageSize() {
        return socket.messageSize();
    }

    @Override
    public long receive(P9Message request) {
        long buffer = socket.enter();
        if (buffer == 0) {
            return 0;
        }
        try {
            long length = socket.receive(buffer, false);
            if (length <= 0) {
                return length;
            }
            if (length > request.capacity()) {
                return -Errno.EPROTO;
            }
            host.copyIn(buffer + MessageSocket.DATA, request.bytes(), 0, (int) length);
            return request.received((int) length) ? length : -Errno.EPROTO;
        } finally {
            socket.leave(buffer);
        }
    }

    @Override
    public long send(P9Message reply) {
        if (!reply.isIntact() || reply.length() > socket.messageSize()) {
            return -Errno.EMSGSIZE;
        }
        long buffer = socket.enter();
        if (buffer == 0) {
            return -Errno.EIO;
        }
        try {
            host.copyOut(reply.bytes(), 0, reply.length(), buffer + MessageSocket.DATA);
            return socket.send(buffer, reply.length(), reply.descriptor(), new Patience());
        } finally {
            socket.leave(buffer);
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
