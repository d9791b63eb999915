// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.jvisor.api.abi.SyscallNr.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.osgi.service.component.annotations.Component;

/** The family of sockets. */
@Component(service = SyscallFamily.class)
public final class NetSyscalls implements SyscallFamily, SyscallHandler {

    private final SocketCalls sockets = new SocketCalls();
    private final MessageCalls messages = new MessageCalls();

    @Override
    public String name() {
        return "net";
    }

    @Override
    public CallTable calls() {
        return new CallTable(this)
                .full(
                        SOCKETPAIR, BIND, LISTEN, ACCEPT, ACCEPT4, CONNECT, GETSOCKNAME, GETPEERNAME, SHUTDOWN)
                .partial(SOCKET, "Unix, and IPv4 and IPv6 within the sandbox; of netlink the links and addresses; no packet sockets.")
                .partial(SETSOCKOPT, "Options that the family knows.")
                .partial(GETSOCKOPT, "Options that the family knows.")
                .partial(SENDTO, "No MSG_OOB, no MSG_ZEROCOPY.")
                .partial(RECVFROM, "No MSG_OOB; the error queue is always empty.")
                .partial(SENDMSG, "No MSG_OOB, no MSG_ZEROCOPY.")
                .partial(RECVMSG, "No MSG_OOB; the error queue is always empty.")
                .partial(SENDMMSG, "No MSG_OOB, no MSG_ZEROCOPY.")
                .partial(RECVMMSG, "No MSG_OOB; the error queue is always empty.");
    }

    @Override
    public long call(Task t, Arguments a) {
        return switch (a.number) {
            case SOCKET -> sockets.socket(t, a);
            case SOCKETPAIR -> sockets.socketpair(t, a);
            case BIND -> sockets.bind(t, a);
            case LISTEN -> sockets.listen(t, a);
            case ACCEPT -> sockets.accept(t, a, 0);
            case ACCEPT4 -> sockets.accept(t, a, a.int3());
            case CONNECT -> sockets.connect(t, a);
            case GETSOCKNAME -> sockets.name(t, a, false);
            case GETPEERNAME -> sockets.name(t, a, true);
            case SETSOCKOPT -> sockets.setsockopt(t, a);
            case GETSOCKOPT -> sockets.getsockopt(t, a);
            case SHUTDOWN -> sockets.shutdown(t, a);
            case SENDTO -> messages.sendto(t, a);
            case RECVFROM -> messages.recvfrom(t, a);
            case SENDMSG -> messages.sendmsg(t, a);
            case RECVMSG -> messages.recvmsg(t, a);
            case SENDMMSG -> messages.sendmmsg(t, a);
            case RECVMMSG -> messages.recvmmsg(t, a);
            default -> -Errno.ENOSYS;
        };
    }
}
