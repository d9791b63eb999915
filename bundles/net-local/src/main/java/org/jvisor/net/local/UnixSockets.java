// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.net.Flight;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** AF_UNIX (unix(7)). */
@Component
public final class UnixSockets implements SocketFamily {

    private final SocketMemory memory;

    @Activate
    public UnixSockets(@Reference Memory memory, @Reference HostKernel host) {
        this.memory = new SocketMemory(memory, host);
    }

    @Override
    public int domain() {
        return AF_UNIX;
    }

    @Override
    public Socket create(Task task, int type, int protocol) {
        check(protocol);
        Home home = Home.of(task, memory);
        Flight flight = task.kernel().flight();
        return switch (type) {
            case SOCK_STREAM, SOCK_SEQPACKET -> new UnixStreamSocket(home, flight, type);
            // SOCK_RAW is SOCK_DGRAM here (unix(7) does not say so; Linux has it since 2.4).
            case SOCK_DGRAM, SOCK_RAW -> new UnixDatagramSocket(home, flight);
            default -> throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
        };
    }

    @Override
    public Socket[] createPair(Task task, int type, int protocol) {
        check(protocol);
        Home home = Home.of(task, memory);
        return switch (type) {
            case SOCK_STREAM, SOCK_SEQPACKET -> UnixStreamSocket.pair(task, home, type);
            case SOCK_DGRAM, SOCK_RAW -> UnixDatagramSocket.pair(home, task.kernel().flight());
            default -> throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
        };
    }

    private static void check(int protocol) {
        if (protocol != 0 && protocol != AF_UNIX) {
            throw ErrnoException.of(Errno.EPROTONOSUPPORT);
        }
    }
}
