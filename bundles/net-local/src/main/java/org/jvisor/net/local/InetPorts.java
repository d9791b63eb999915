// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.List;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.NetNamespace.Port;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;

/** Which socket is bound to which address and port, of one protocol each (ip(7)): the rules for a namespace's table. */
final class InetPorts {

    /** Who can be bound. Asked with the namespace's lock held. */
    interface Bound {
        Endpoint local();

        /** Only IPv6 although bound to "::". */
        boolean ipv6Only();

        /** Whom it is connected to; null: nobody. */
        Endpoint remote();

        /** SO_REUSEADDR. */
        boolean reusesAddress();

        /** SO_REUSEPORT. */
        boolean sharesLoad();

        /** The user who made it: only sockets of one user share a port for the sake of load. */
        int owner();

        boolean isListening();
    }

    private InetPorts() {
    }

    /** Enters {@code socket} at {@code wanted} (port 0: some free one); the endpoint that it got. */
    static Endpoint bind(NetNamespace net, Task task, int protocol, Bound socket, Endpoint wanted) {
        if (!wanted.isAny() && !wanted.isLoopback()) {
            throw ErrnoException.of(Errno.EADDRNOTAVAIL);
        }
        if (wanted.port() != 0 && wanted.port() < net.setting(NetSysctl.UNPRIVILEGED_PORT_START)
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
            String[] range = net.sysctls().get(NetSysctl.PORT_RANGE, NetSysctl.PORT_RANGE_INITIAL).split("\t");
            int first = Integer.parseInt(range[0]);
            int last = Integer.parseInt(range[1]);
            for (int i = first; i <= last; i++) {
                Port port = new Port(protocol, net.nextPort(first, last));
                if (net.boundTo(port).isEmpty()) {
                    net.bind(port, socket);
                    return wanted.withPort(port.number());
                }
            }
        }
        throw ErrnoException.of(Errno.EADDRINUSE);
    }

    /** Whether no other listens where {@code socket}, which is bound, would. */
    static boolean mayListen(NetNamespace net, int protocol, Bound socket) {
        try (Mutex _ = net.take()) {
            Endpoint local = socket.local();
            for (Object one : net.boundTo(new Port(protocol, local.port()))) {
                if (one != socket && one instanceof Bound other && other.isListening()
                        && overlap(local, socket.ipv6Only(), other.local(), other.ipv6Only()) && !mayShare(socket, other)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static boolean conflicts(List<Object> others, Bound socket, Endpoint wanted) {
        for (Object one : others) {
            // Whoever is none of ours is taken to be bound to every address.
            if (one != socket && (!(one instanceof Bound other)
                    || overlap(wanted, socket.ipv6Only(), other.local(), other.ipv6Only()) && !mayShare(socket, other))) {
                return true;
            }
        }
        return false;
    }

    /** socket(7): SO_REUSEADDR does not help against a listener. */
    private static boolean mayShare(Bound socket, Bound other) {
        return socket.sharesLoad() && other.sharesLoad() && socket.owner() == other.owner()
                || socket.reusesAddress() && other.reusesAddress() && !other.isListening();
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

    /** The listener that gets a connection to {@code target}: the most exactly bound; null when there is none. */
    static Bound listener(NetNamespace net, int protocol, Endpoint target, Endpoint source) {
        return find(net, protocol, target, source, true);
    }

    /** The one that gets what {@code source} sends to {@code target}: the most exactly bound; null when there is none. */
    static Bound receiver(NetNamespace net, int protocol, Endpoint target, Endpoint source) {
        return find(net, protocol, target, source, false);
    }

    /** Of several that are as good, and share the port for the sake of load (SO_REUSEPORT, socket(7)), each gets some sources. */
    private static Bound find(NetNamespace net, int protocol, Endpoint target, Endpoint source, boolean listening) {
        try (Mutex _ = net.take()) {
            List<Object> candidates = net.boundTo(new Port(protocol, target.port()));
            Bound best = null;
            int bestRank = 0;
            int equals = 0;
            for (int i = 0; i < candidates.size(); i++) {
                int rank = candidates.get(i) instanceof Bound one && one.isListening() == listening ? rank(one, target, source) : 0;
                if (rank > bestRank) {
                    best = (Bound) candidates.get(i);
                    bestRank = rank;
                    equals = 1;
                } else if (rank == bestRank && rank > 0) {
                    best = (Bound) candidates.get(i); // the last one that was bound, as on Linux
                    equals++;
                }
            }
            return equals > 1 && best.sharesLoad() ? pick(candidates, listening, target, source, bestRank, equals) : best;
        }
    }

    private static Bound pick(List<Object> candidates, boolean listening, Endpoint target, Endpoint source, int rank, int equals) {
        int chosen = source == null ? 0 : Math.floorMod(source.hashCode() * 0x9e3779b1 >>> 8, equals);
        for (Object candidate : candidates) {
            if (candidate instanceof Bound one && one.isListening() == listening && rank(one, target, source) == rank
                    && chosen-- == 0) {
                return one;
            }
        }
        throw new IllegalStateException("fewer than " + equals);
    }

    /** How exactly {@code bound} is what {@code source} sends to: 0 if it is not. */
    private static int rank(Bound bound, Endpoint target, Endpoint source) {
        boolean exact = bound.local().sameAddress(target);
        if (!exact && !covers(bound.local(), bound.ipv6Only(), target)) {
            return 0;
        }
        Endpoint peer = bound.remote();
        if (peer != null && !peer.equals(source)) {
            return 0;
        }
        return 1 + (exact ? 1 : 0) + (peer != null ? 2 : 0);
    }
}
