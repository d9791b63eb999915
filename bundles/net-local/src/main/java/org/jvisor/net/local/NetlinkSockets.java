// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** AF_NETLINK (netlink(7)): of its protocols NETLINK_ROUTE. */
@Component
public final class NetlinkSockets implements SocketFamily {

    private final SocketMemory memory;

    @Activate
    public NetlinkSockets(@Reference Memory memory, @Reference HostKernel host) {
        this.memory = new SocketMemory(memory, host);
    }

    @Override
    public int domain() {
        return AF_NETLINK;
    }

    @Override
    public Socket create(Task task, int type, int protocol) {
        if (type != SOCK_RAW && type != SOCK_DGRAM) {
            throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
        }
        if (protocol != NETLINK_ROUTE) {
            throw ErrnoException.of(Errno.EPROTONOSUPPORT);
        }
        return new NetlinkSocket(Home.of(task, memory), type, protocol);
    }

    @Override
    public Socket[] createPair(Task task, int type, int protocol) {
        create(task, type, protocol).release(null);
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
}
