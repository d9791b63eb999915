// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.List;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.NetNamespace.Port;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;

/** Which socket is bound to which address and port, of one protocol each (ip(7)): the rules for a namespace's table. */
final class InetPorts {

    /** net.ipv4.ip_local_port_range. */
    private static final int FIRST_EPHEMERAL = 32768;
    private static final int LAST_EPHEMERAL = 60999;
    private static final int FIRST_UNPRIVILEGED = 1024;

    /** Who can be bound. Asked with the namespace's lock held. */
    interface Bound {
        Endpoint local();

        /** Only IPv6 although bound to "::". */
        boolean ipv6Only();

        boolean mayShare();

        boolean isListening();
    }

    private InetPorts() {
    }

    /** Enters {@code socket} at {@code wanted} (port 0: some free one); the endpoint that it got. */
    static Endpoint bind(NetNamespace net, Task task, int protocol, Bound socket, Endpoint wanted) {
        if (!wanted.isAny() && !wanted.isLoopback()) {
            throw ErrnoException.of(Errno.EADDRNOTAVAIL);
        }
        if (wanted.port() != 0 && wanted.port() < FIRST_UNPRIVILEGED
                && !task.hasCapability(Capability.CAP_NET_BIND_SERVICE)) {
            throw ErrnoException.of(Errno.EACCES);
        }
        try (Mutex _ = net.take()) {
            if (wanted.port() != 0) {
                Port port = new Port(protocol, wanted.port());
                if (conflicts(net.boundTo(port), socket, wanted)) {
                    throw ErrnoException.of(Errno.EADDRINUSE);
                }
                net.bind(port, socket);
                return wanted;
            }
            for (int i = FIRST_EPHEMERAL; i <= LAST_EPHEMERAL; i++) {
                Port port = new Port(protocol, net.nextPort(FIRST_EPHEMERAL, LAST_EPHEMERAL));
                if (net.boundTo(port).isEmpty()) {
                    net.bind(port, socket);
                    return wanted.withPort(port.number());
                }
            }
        }
        throw ErrnoException.of(Errno.EADDRINUSE);
    }

    private static boolean conflicts(List<Object> others, Bound socket, Endpoint wanted) {
        for (Object one : others) {
            // Whoever is none of ours is taken to be bound to every address.
            if (!(one instanceof Bound other) || overlap(wanted, socket.ipv6Only(), other.local(), other.ipv6Only())
                    && !(socket.mayShare() && other.mayShare() && !other.isListening())) {
                return true;
            }
        }
        return false;
    }

    private static boolean overlap(Endpoint a, boolean aOnly6, Endpoint b, boolean bOnly6) {
        if (a.sameAddress(b)) {
            return true;
        }
        return covers(a, aOnly6, b) || covers(b, bOnly6, a);
    }

    /** Whether a socket bound to {@code a} would get what is for {@code b}'s address. */
    private static boolean covers(Endpoint a, boolean only6, Endpoint b) {
        if (!a.isAny()) {
            return false;
        }
        return a.isIpv4() == b.isIpv4() || !a.isIpv4() && !only6;
    }

    /** The one that gets what is sent to {@code target}: the most exactly bound; null when there is none. */
    static Bound find(NetNamespace net, int protocol, Endpoint target, boolean listening) {
        try (Mutex _ = net.take()) {
            List<Object> candidates = net.boundTo(new Port(protocol, target.port()));
            Bound best = null;
            for (int i = 0; i < candidates.size(); i++) {
                if (!(candidates.get(i) instanceof Bound candidate) || listening && !candidate.isListening()) {
                    continue;
                }
                if (candidate.local().sameAddress(target)) {
                    return candidate;
                }
                if (covers(candidate.local(), candidate.ipv6Only(), target)) {
                    best = candidate;
                }
            }
            return best;
        }
    }
}
