// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.osgi.service.component.annotations.Component;

/** Which socket is bound to which address and port, of one protocol each (ip(7)). Guarded by this. */
@Component(service = InetPorts.class)
public final class InetPorts {

    /** net.ipv4.ip_local_port_range. */
    private static final int FIRST_EPHEMERAL = 32768;
    private static final int LAST_EPHEMERAL = 60999;
    private static final int FIRST_UNPRIVILEGED = 1024;

    /** Who can be bound. */
    interface Bound {
        Endpoint local();

        /** Only IPv6 although bound to "::". */
        boolean ipv6Only();

        boolean mayShare();

        boolean isListening();
    }

    private record Key(int protocol, int port) {}

    private final Map<Key, List<Bound>> bound = new HashMap<>();
    private int next = FIRST_EPHEMERAL;

    /** Enters {@code socket} at {@code wanted} (port 0: some free one); the endpoint that it got. */
    Endpoint bind(Task task, int protocol, Bound socket, Endpoint wanted) {
        if (!wanted.isAny() && !wanted.isLoopback()) {
            throw ErrnoException.of(Errno.EADDRNOTAVAIL);
        }
        if (wanted.port() != 0 && wanted.port() < FIRST_UNPRIVILEGED
                && !task.hasCapability(Capability.CAP_NET_BIND_SERVICE)) {
            throw ErrnoException.of(Errno.EACCES);
        }
        synchronized (this) {
            if (wanted.port() != 0) {
                if (conflicts(protocol, socket, wanted)) {
                    throw ErrnoException.of(Errno.EADDRINUSE);
                }
                bound.computeIfAbsent(new Key(protocol, wanted.port()), key -> new ArrayList<>()).add(socket);
                return wanted;
            }
            for (int i = FIRST_EPHEMERAL; i <= LAST_EPHEMERAL; i++) {
                int port = next;
                next = next == LAST_EPHEMERAL ? FIRST_EPHEMERAL : next + 1;
                Key key = new Key(protocol, port);
                if (!bound.containsKey(key)) {
                    bound.put(key, new ArrayList<>(List.of(socket)));
                    return wanted.withPort(port);
                }
            }
        }
        throw ErrnoException.of(Errno.EADDRINUSE);
    }

    private boolean conflicts(int protocol, Bound socket, Endpoint wanted) {
        List<Bound> others = bound.get(new Key(protocol, wanted.port()));
        if (others == null) {
            return false;
        }
        for (Bound other : others) {
            if (overlap(wanted, socket.ipv6Only(), other.local(), other.ipv6Only())
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
    synchronized Bound find(int protocol, Endpoint target, boolean listening) {
        List<Bound> candidates = bound.get(new Key(protocol, target.port()));
        if (candidates == null) {
            return null;
        }
        Bound best = null;
        for (Bound candidate : candidates) {
            if (listening && !candidate.isListening()) {
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

    synchronized void unbind(int protocol, Bound socket, int port) {
        Key key = new Key(protocol, port);
        List<Bound> sockets = bound.get(key);
        if (sockets != null) {
            sockets.remove(socket);
            if (sockets.isEmpty()) {
                bound.remove(key);
            }
        }
    }
}
