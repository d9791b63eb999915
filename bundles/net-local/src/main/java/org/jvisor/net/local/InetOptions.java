// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.NetSysctl;

/**
 * The options of ip(7), ipv6(7), tcp(7) and udp(7) that have no effect between two sockets of one sandbox: kept and reported. Any
 * thread.
 */
final class InetOptions {

    private final boolean stream;
    private final NetNamespace net;
    private final Map<Long, Integer> values = new ConcurrentHashMap<>();

    InetOptions(boolean stream, NetNamespace net) {
        this.stream = stream;
        this.net = net;
    }

    /** For a new socket. */
    static InetOptions ofNew(boolean stream, NetNamespace net, int domain) {
        InetOptions options = new InetOptions(stream, net);
        if (domain == AF_INET6 && net.setting(NetSysctl.BINDV6ONLY) != 0) {
            options.values.put(key(SOL_IPV6, IPV6_V6ONLY), 1);
        }
        return options;
    }

    /** @param saved what {@link #save} said; null: all is as it was at first */
    InetOptions(boolean stream, NetNamespace net, long[] saved) {
        this(stream, net);
        for (int i = 0; saved != null && i + 1 < saved.length; i += 2) {
            values.put(saved[i], (int) saved[i + 1]);
        }
    }

    /** Those that were set: level (upper half) and option, and the value, of one after the other. */
    long[] save() {
        return values.entrySet().stream().flatMapToLong(entry -> LongStream.of(entry.getKey(), entry.getValue())).toArray();
    }

    private static long key(int level, int option) {
        return (long) level << 32 | option;
    }

    /** The value that a fresh socket has, or null for an option that there is not. */
    private Integer initial(int level, int option) {
        return switch (level) {
            case SOL_IP -> switch (option) {
                case IP_TTL -> net.setting(NetSysctl.DEFAULT_TTL);
                case IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_ALL -> 1;
                case IP_TOS, IP_RECVTOS, IP_RECVTTL, IP_PKTINFO, IP_RECVERR, IP_RECVOPTS, IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT,
                        IP_RECVORIGDSTADDR, IP_MINTTL -> 0;
                case IP_MTU_DISCOVER -> IP_PMTUDISC_WANT;
                case IP_MTU -> Loopback.MTU;
                default -> null;
            };
            case SOL_IPV6 -> switch (option) {
                case IPV6_UNICAST_HOPS -> 64;
                case IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP -> 1;
                case IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_TCLASS, IPV6_RECVERR,
                        IPV6_DONTFRAG, IPV6_FREEBIND -> 0;
                case IPV6_MTU_DISCOVER -> IP_PMTUDISC_WANT;
                case IPV6_MTU -> Loopback.MTU;
                default -> null;
            };
            case SOL_TCP -> !stream ? null : switch (option) {
                case TCP_NODELAY, TCP_CORK, TCP_DEFER_ACCEPT, TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT,
                        TCP_NOTSENT_LOWAT -> 0;
                case TCP_QUICKACK -> 1;
                case TCP_MAXSEG -> 65483;
                case TCP_KEEPIDLE -> net.setting(NetSysctl.KEEPALIVE_TIME);
                case TCP_KEEPINTVL -> net.setting(NetSysctl.KEEPALIVE_INTERVAL);
                case TCP_KEEPCNT -> net.setting(NetSysctl.KEEPALIVE_PROBES);
                case TCP_SYNCNT -> 6;
                case TCP_LINGER2 -> 60;
                case TCP_WINDOW_CLAMP -> 65483;
                default -> null;
            };
            case SOL_UDP -> !stream && option == UDP_CORK ? Integer.valueOf(0) : null;
            default -> null;
        };
    }

    boolean isSet(int level, int option) {
        Integer value = values.get(key(level, option));
        return value != null && value != 0;
    }

    long get(int level, int option, byte[] value, int length) {
        Integer initial = initial(level, option);
        if (initial == null) {
            return -Errno.ENOPROTOOPT;
        }
        return LocalSocket.integer(value, length, values.getOrDefault(key(level, option), initial));
    }

    long set(int level, int option, byte[] value, int length) {
        if (initial(level, option) == null) {
            return -Errno.ENOPROTOOPT;
        }
        if (length < 1) {
            return -Errno.EINVAL;
        }
        values.put(key(level, option), length >= 4 ? Bytes.getInt(value, 0) : value[0] & 0xff);
        return 0;
    }
}
