// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import java.util.List;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.p9.P9Transport;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * 9P over a connected Unix socket: SOCK_SEQPACKET, which needs one system call a message, or SOCK_STREAM, which any other
 * program speaks too.
 */
@Component(service = {P9Transport.class, HostCaller.class, Driver.class})
public final class UnixTransport implements P9Transport, HostCaller, Driver {
    private final HostKernel host;

    @Activate
    public UnixTransport(@Reference HostKernel host) {
        this.host = host;
    }

    @Override
    public String name() {
        return "unix";
    }

    @Override
    public P9Channel connect(int descriptor, int messageSize) {
        return new UnixChannel(host, new MessageSocket(host, descriptor, messageSize));
    }

    @Override
    public P9Port serve(int descriptor, int messageSize) {
        return new UnixPort(host, new MessageSocket(host, descriptor, messageSize));
    }

    @Override
    public Stateful adopt(StateRecord record) {
        if (!record.type().equals(UnixChannel.TYPE)) {
            throw new StateException("p9-unix knows no record of type " + record.type());
        }
        return new UnixChannel(host, record);
    }

    @Override
    public List<HostCall> hostCalls() {
        return HostCall.all(
            List.of(HostCall.of(SyscallNr.GETSOCKOPT).with(1, Socket.SOL_SOCKET).with(2, Socket.SO_TYPE),
                HostCall.of(SyscallNr.SETSOCKOPT).with(1, Socket.SOL_SOCKET).with(2, Socket.SO_RCVTIMEO, Socket.SO_SNDTIMEO)),
            HostCall.listOf(SyscallNr.SENDTO, SyscallNr.SENDMSG, SyscallNr.RECVFROM, SyscallNr.RECVMSG, SyscallNr.SHUTDOWN,
                SyscallNr.CLOSE));
    }
}
