// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;

/** TCP and UDP of one of the two internet families. */
abstract class InetSockets implements SocketFamily {

    private final int domain;
    private final SocketMemory memory;

    InetSockets(int domain, SocketMemory memory) {
        this.domain = domain;
        this.memory = memory;
    }

    @Override
    public int domain() {
        return domain;
    }

    @Override
    public Socket create(Task task, int type, int protocol) {
        switch (type) {
            case SOCK_STREAM -> {
                check(protocol, IPPROTO_TCP);
                return new InetStreamSocket(Home.of(task, memory), domain);
            }
            case SOCK_DGRAM -> {
                check(protocol, IPPROTO_UDP);
                return new UdpSocket(Home.of(task, memory), domain);
            }
            case SOCK_RAW -> throw ErrnoException.of(Errno.EPERM);
            default -> throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
        }
    }

    private static void check(int protocol, int only) {
        if (protocol != 0 && protocol != only) {
            throw ErrnoException.of(Errno.EPROTONOSUPPORT);
        }
    }

    @Override
    public Socket[] createPair(Task task, int type, int protocol) {
        create(task, type, protocol).release(null);
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
}
