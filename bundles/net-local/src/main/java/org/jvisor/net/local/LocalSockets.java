// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes sockets and their channels of records, with whatever is on its way in them. */
@Component
public final class LocalSockets implements Driver {

    static final String UNIX_STREAM = "net.unix-stream";
    static final String UNIX_DATAGRAM = "net.unix-datagram";
    static final String TCP = "net.tcp";
    static final String UDP = "net.udp";
    static final String NETLINK = "net.netlink";
    static final String CHANNEL = "net.channel";

    private final SocketMemory memory;

    @Activate
    public LocalSockets(@Reference Memory memory, @Reference HostKernel host) {
        this.memory = new SocketMemory(memory, host);
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case UNIX_STREAM -> new UnixStreamSocket(memory, record);
            case UNIX_DATAGRAM -> new UnixDatagramSocket(memory, record);
            case TCP -> new InetStreamSocket(memory, record);
            case UDP -> new UdpSocket(memory, record);
            case NETLINK -> new NetlinkSocket(memory, record);
            case CHANNEL -> new Channel(memory, record);
            default -> throw new StateException("local sockets know no record of type " + record.type());
        };
    }
}
