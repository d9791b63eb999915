// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** What is set for a network namespace below /proc/sys/net, and sockets go by (socket(7), ip(7), tcp(7), unix(7)). Numbers all. */
public enum NetSysctl {

    /** The longest backlog. */
    SOMAXCONN("net/core/somaxconn", 4096, 0, Integer.MAX_VALUE),
    /** SO_RCVBUF of a new socket, in bytes, and the most that can be asked for. */
    RMEM_DEFAULT("net/core/rmem_default", 212_992, 2304, Integer.MAX_VALUE),
    RMEM_MAX("net/core/rmem_max", 212_992, 2304, Integer.MAX_VALUE),
    /** SO_SNDBUF likewise. */
    WMEM_DEFAULT("net/core/wmem_default", 212_992, 4608, Integer.MAX_VALUE),
    WMEM_MAX("net/core/wmem_max", 212_992, 4608, Integer.MAX_VALUE),
    /** The longest control message, in bytes. */
    OPTMEM_MAX("net/core/optmem_max", 20_480, 0, 1 << 20),
    /** IP_TTL of a socket that has none set. */
    DEFAULT_TTL("net/ipv4/ip_default_ttl", 64, 1, 255),
    /** The first port that needs no capability. */
    UNPRIVILEGED_PORT_START("net/ipv4/ip_unprivileged_port_start", 1024, 0, 65_535),
    /** TCP_KEEPIDLE, in seconds, TCP_KEEPINTVL and TCP_KEEPCNT likewise. */
    KEEPALIVE_TIME("net/ipv4/tcp_keepalive_time", 7200, 1, 32_767),
    KEEPALIVE_INTERVAL("net/ipv4/tcp_keepalive_intvl", 75, 1, 32_767),
    KEEPALIVE_PROBES("net/ipv4/tcp_keepalive_probes", 9, 1, 127),
    /** IPV6_V6ONLY of a new socket. */
    BINDV6ONLY("net/ipv6/bindv6only", 0, 0, 1),
    /** So many datagrams wait at an AF_UNIX socket, and one more. */
    MAX_DGRAM_QLEN("net/unix/max_dgram_qlen", 10, 0, Integer.MAX_VALUE);

    /** The first and the last port that is given to who does not ask for one; two numbers. */
    public static final String PORT_RANGE = "net/ipv4/ip_local_port_range";
    public static final String PORT_RANGE_INITIAL = "32768\t60999";

    private final String path;
    private final int initial;
    private final int lowest;
    private final int highest;

    NetSysctl(String path, int initial, int lowest, int highest) {
        this.path = path;
        this.initial = initial;
        this.lowest = lowest;
        this.highest = highest;
    }

    /** Below /proc/sys. */
    public String path() {
        return path;
    }

    public int initial() {
        return initial;
    }

    public int lowest() {
        return lowest;
    }

    public int highest() {
        return highest;
    }
}
