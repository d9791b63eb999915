// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * Sockets: domains, types, options and flags of socket(2), socket(7), send(2), ip(7), ipv6(7), tcp(7), unix(7) and
 * packet(7).
 */
public final class Socket {
    // Address families
    public static final int AF_UNSPEC = 0;
    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_AX25 = 3;
    public static final int AF_NETLINK = 16;
    public static final int AF_PACKET = 17;
    public static final int AF_INET6 = 10;
    public static final int AF_VSOCK = 40;
    public static final int AF_XDP = 44;
    public static final int AF_MAX = 46;
    public static final int AF_LOCAL = 1;

    // Types, and flags beside the type
    public static final int SOCK_STREAM = 01;
    public static final int SOCK_DGRAM = 02;
    public static final int SOCK_RAW = 03;
    public static final int SOCK_RDM = 04;
    public static final int SOCK_SEQPACKET = 05;
    public static final int SOCK_DCCP = 06;
    public static final int SOCK_PACKET = 012;
    public static final int SOCK_TYPE_MASK = 017; // what is left is flags
    public static final int SOCK_CLOEXEC = 02000000;
    public static final int SOCK_NONBLOCK = 04000;

    // How of shutdown(2)
    public static final int SHUT_RD = 0;
    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;

    // Longest backlog of listen(2): net.core.somaxconn
    public static final int SOMAXCONN = 4096;

    // Flags of send(2) and recv(2)
    public static final int MSG_OOB = 0x1;
    public static final int MSG_PEEK = 0x2;
    public static final int MSG_DONTROUTE = 0x4;
    public static final int MSG_CTRUNC = 0x8;
    public static final int MSG_PROXY = 0x10;
    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_EOR = 0x80;
    public static final int MSG_WAITALL = 0x100;
    public static final int MSG_FIN = 0x200;
    public static final int MSG_SYN = 0x400;
    public static final int MSG_CONFIRM = 0x800;
    public static final int MSG_RST = 0x1000;
    public static final int MSG_ERRQUEUE = 0x2000;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_MORE = 0x8000;
    public static final int MSG_WAITFORONE = 0x10000;
    public static final int MSG_BATCH = 0x40000;
    public static final int MSG_ZEROCOPY = 0x4000000;
    public static final int MSG_FASTOPEN = 0x20000000;
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    // Levels
    public static final int SOL_SOCKET = 1;
    public static final int SOL_IP = 0;
    public static final int SOL_TCP = 6;
    public static final int SOL_UDP = 17;
    public static final int SOL_IPV6 = 41;
    public static final int SOL_ICMPV6 = 58;
    public static final int SOL_RAW = 255;
    public static final int SOL_PACKET = 263;
    public static final int SOL_NETLINK = 270;
    public static final int SOL_VSOCK = 287;

    // Options of SOL_SOCKET
    public static final int SO_DEBUG = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_TYPE = 3;
    public static final int SO_ERROR = 4;
    public static final int SO_DONTROUTE = 5;
    public static final int SO_BROADCAST = 6;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_KEEPALIVE = 9;
    public static final int SO_OOBINLINE = 10;
    public static final int SO_NO_CHECK = 11;
    public static final int SO_PRIORITY = 12;
    public static final int SO_LINGER = 13;
    public static final int SO_BSDCOMPAT = 14;
    public static final int SO_REUSEPORT = 15;
    public static final int SO_PASSCRED = 16;
    public static final int SO_PEERCRED = 17;
    public static final int SO_RCVLOWAT = 18;
    public static final int SO_SNDLOWAT = 19;
    public static final int SO_RCVTIMEO = 20;
    public static final int SO_SNDTIMEO = 21;
    public static final int SO_SECURITY_AUTHENTICATION = 22;
    public static final int SO_SECURITY_ENCRYPTION_TRANSPORT = 23;
    public static final int SO_SECURITY_ENCRYPTION_NETWORK = 24;
    public static final int SO_BINDTODEVICE = 25;
    public static final int SO_ATTACH_FILTER = 26;
    public static final int SO_DETACH_FILTER = 27;
    public static final int SO_PEERNAME = 28;
    public static final int SO_TIMESTAMP = 29;
    public static final int SO_ACCEPTCONN = 30;
    public static final int SO_PEERSEC = 31;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_PASSSEC = 34;
    public static final int SO_TIMESTAMPNS = 35;
    public static final int SO_MARK = 36;
    public static final int SO_TIMESTAMPING = 37;
    public static final int SO_PROTOCOL = 38;
    public static final int SO_DOMAIN = 39;
    public static final int SO_RXQ_OVFL = 40;
    public static final int SO_WIFI_STATUS = 41;
    public static final int SO_PEEK_OFF = 42;
    public static final int SO_NOFCS = 43;
    public static final int SO_LOCK_FILTER = 44;
    public static final int SO_SELECT_ERR_QUEUE = 45;
    public static final int SO_BUSY_POLL = 46;
    public static final int SO_MAX_PACING_RATE = 47;
    public static final int SO_BPF_EXTENSIONS = 48;
    public static final int SO_INCOMING_CPU = 49;
    public static final int SO_ATTACH_BPF = 50;
    public static final int SO_ATTACH_REUSEPORT_CBPF = 51;
    public static final int SO_ATTACH_REUSEPORT_EBPF = 52;
    public static final int SO_CNX_ADVICE = 53;
    public static final int SO_MEMINFO = 55;
    public static final int SO_INCOMING_NAPI_ID = 56;
    public static final int SO_COOKIE = 57;
    public static final int SO_PEERGROUPS = 59;
    public static final int SO_ZEROCOPY = 60;
    public static final int SO_TXTIME = 61;
    public static final int SO_BINDTOIFINDEX = 62;
    public static final int SO_TIMESTAMP_NEW = 63;
    public static final int SO_TIMESTAMPNS_NEW = 64;
    public static final int SO_TIMESTAMPING_NEW = 65;
    public static final int SO_RCVTIMEO_NEW = 66;
    public static final int SO_SNDTIMEO_NEW = 67;
    public static final int SO_DETACH_REUSEPORT_BPF = 68;
    public static final int SO_PREFER_BUSY_POLL = 69;
    public static final int SO_BUSY_POLL_BUDGET = 70;
    public static final int SO_NETNS_COOKIE = 71;
    public static final int SO_BUF_LOCK = 72;
    public static final int SO_RESERVE_MEM = 73;
    public static final int SO_PASSPIDFD = 76;
    public static final int SO_PEERPIDFD = 77;

    // Control messages
    public static final int SCM_RIGHTS = 1;
    public static final int SCM_CREDENTIALS = 2;
    public static final int SCM_SECURITY = 3;
    public static final int SCM_PIDFD = 4;
    public static final int SCM_MAX_FD = 253; // descriptors in one SCM_RIGHTS

    // ioctls
    public static final int SIOCATMARK = 0x8905;
    public static final int SIOCGSTAMP = 0x8906;
    public static final int SIOCGSTAMPNS = 0x8907;
    public static final int SIOCSPGRP = 0x8902;
    public static final int SIOCGPGRP = 0x8904;
    public static final int SIOCINQ = 0x541b;
    public static final int SIOCOUTQ = 0x5411;
    public static final int SIOCGIFNAME = 0x8910;
    public static final int SIOCGIFCONF = 0x8912;
    public static final int SIOCGIFFLAGS = 0x8913;
    public static final int SIOCSIFFLAGS = 0x8914;
    public static final int SIOCGIFADDR = 0x8915;
    public static final int SIOCSIFADDR = 0x8916;
    public static final int SIOCGIFDSTADDR = 0x8917;
    public static final int SIOCGIFBRDADDR = 0x8919;
    public static final int SIOCGIFNETMASK = 0x891b;
    public static final int SIOCSIFNETMASK = 0x891c;
    public static final int SIOCGIFMETRIC = 0x891d;
    public static final int SIOCGIFMTU = 0x8921;
    public static final int SIOCSIFMTU = 0x8922;
    public static final int SIOCGIFHWADDR = 0x8927;
    public static final int SIOCGIFINDEX = 0x8933;
    public static final int SIOCGIFPFLAGS = 0x8935;
    public static final int SIOCGIFTXQLEN = 0x8942;
    public static final int SIOCGIFMAP = 0x8970;
    public static final int SIOCETHTOOL = 0x8946;
    public static final int SIOCADDRT = 0x890b;
    public static final int SIOCDELRT = 0x890c;

    // Protocols
    public static final int IPPROTO_IP = 0;
    public static final int IPPROTO_ICMP = 1;
    public static final int IPPROTO_IGMP = 2;
    public static final int IPPROTO_IPIP = 4;
    public static final int IPPROTO_TCP = 6;
    public static final int IPPROTO_UDP = 17;
    public static final int IPPROTO_IPV6 = 41;
    public static final int IPPROTO_GRE = 47;
    public static final int IPPROTO_ICMPV6 = 58;
    public static final int IPPROTO_SCTP = 132;
    public static final int IPPROTO_UDPLITE = 136;
    public static final int IPPROTO_RAW = 255;
    public static final int IPPROTO_MPTCP = 262;

    // Options of SOL_IP
    public static final int IP_TOS = 1;
    public static final int IP_TTL = 2;
    public static final int IP_HDRINCL = 3;
    public static final int IP_OPTIONS = 4;
    public static final int IP_ROUTER_ALERT = 5;
    public static final int IP_RECVOPTS = 6;
    public static final int IP_RETOPTS = 7;
    public static final int IP_PKTINFO = 8;
    public static final int IP_PKTOPTIONS = 9;
    public static final int IP_MTU_DISCOVER = 10;
    public static final int IP_RECVERR = 11;
    public static final int IP_RECVTTL = 12;
    public static final int IP_RECVTOS = 13;
    public static final int IP_MTU = 14;
    public static final int IP_FREEBIND = 15;
    public static final int IP_TRANSPARENT = 19;
    public static final int IP_RECVORIGDSTADDR = 20;
    public static final int IP_ORIGDSTADDR = 20;
    public static final int IP_MINTTL = 21;
    public static final int IP_NODEFRAG = 22;
    public static final int IP_CHECKSUM = 23;
    public static final int IP_BIND_ADDRESS_NO_PORT = 24;
    public static final int IP_RECVFRAGSIZE = 25;
    public static final int IP_MULTICAST_IF = 32;
    public static final int IP_MULTICAST_TTL = 33;
    public static final int IP_MULTICAST_LOOP = 34;
    public static final int IP_ADD_MEMBERSHIP = 35;
    public static final int IP_DROP_MEMBERSHIP = 36;
    public static final int IP_UNBLOCK_SOURCE = 37;
    public static final int IP_BLOCK_SOURCE = 38;
    public static final int IP_ADD_SOURCE_MEMBERSHIP = 39;
    public static final int IP_DROP_SOURCE_MEMBERSHIP = 40;
    public static final int IP_MSFILTER = 41;
    public static final int MCAST_JOIN_GROUP = 42;
    public static final int MCAST_LEAVE_GROUP = 45;
    public static final int IP_MULTICAST_ALL = 49;
    public static final int IP_UNICAST_IF = 50;
    public static final int IP_LOCAL_PORT_RANGE = 51;
    public static final int IP_PROTOCOL = 52;
    public static final int IP_PMTUDISC_DONT = 0;
    public static final int IP_PMTUDISC_WANT = 1;
    public static final int IP_PMTUDISC_DO = 2;
    public static final int IP_PMTUDISC_PROBE = 3;
    public static final int IPT_SO_GET_INFO = 64; // of iptables

    // Options of SOL_IPV6
    public static final int IPV6_ADDRFORM = 1;
    public static final int IPV6_2292PKTINFO = 2;
    public static final int IPV6_CHECKSUM = 7;
    public static final int IPV6_UNICAST_HOPS = 16;
    public static final int IPV6_MULTICAST_IF = 17;
    public static final int IPV6_MULTICAST_HOPS = 18;
    public static final int IPV6_MULTICAST_LOOP = 19;
    public static final int IPV6_ADD_MEMBERSHIP = 20;
    public static final int IPV6_DROP_MEMBERSHIP = 21;
    public static final int IPV6_ROUTER_ALERT = 22;
    public static final int IPV6_MTU_DISCOVER = 23;
    public static final int IPV6_MTU = 24;
    public static final int IPV6_RECVERR = 25;
    public static final int IPV6_V6ONLY = 26;
    public static final int IPV6_RECVPKTINFO = 49;
    public static final int IPV6_PKTINFO = 50;
    public static final int IPV6_RECVHOPLIMIT = 51;
    public static final int IPV6_HOPLIMIT = 52;
    public static final int IPV6_RECVTCLASS = 66;
    public static final int IPV6_TCLASS = 67;
    public static final int IPV6_DONTFRAG = 62;
    public static final int IPV6_MINHOPCOUNT = 73;
    public static final int IPV6_ORIGDSTADDR = 74;
    public static final int IPV6_RECVORIGDSTADDR = 74;
    public static final int IPV6_TRANSPARENT = 75;
    public static final int IPV6_UNICAST_IF = 76;
    public static final int IPV6_FREEBIND = 78;
    public static final int IPV6_FLOWINFO = 11;
    public static final int IPV6_FLOWLABEL_MGR = 32;

    // Options of SOL_TCP
    public static final int TCP_NODELAY = 1;
    public static final int TCP_MAXSEG = 2;
    public static final int TCP_CORK = 3;
    public static final int TCP_KEEPIDLE = 4;
    public static final int TCP_KEEPINTVL = 5;
    public static final int TCP_KEEPCNT = 6;
    public static final int TCP_SYNCNT = 7;
    public static final int TCP_LINGER2 = 8;
    public static final int TCP_DEFER_ACCEPT = 9;
    public static final int TCP_WINDOW_CLAMP = 10;
    public static final int TCP_INFO = 11;
    public static final int TCP_QUICKACK = 12;
    public static final int TCP_CONGESTION = 13;
    public static final int TCP_MD5SIG = 14;
    public static final int TCP_THIN_LINEAR_TIMEOUTS = 16;
    public static final int TCP_THIN_DUPACK = 17;
    public static final int TCP_USER_TIMEOUT = 18;
    public static final int TCP_REPAIR = 19;
    public static final int TCP_REPAIR_QUEUE = 20;
    public static final int TCP_QUEUE_SEQ = 21;
    public static final int TCP_REPAIR_OPTIONS = 22;
    public static final int TCP_FASTOPEN = 23;
    public static final int TCP_TIMESTAMP = 24;
    public static final int TCP_NOTSENT_LOWAT = 25;
    public static final int TCP_CC_INFO = 26;
    public static final int TCP_SAVE_SYN = 27;
    public static final int TCP_SAVED_SYN = 28;
    public static final int TCP_REPAIR_WINDOW = 29;
    public static final int TCP_FASTOPEN_CONNECT = 30;
    public static final int TCP_ULP = 31;
    public static final int TCP_MD5SIG_EXT = 32;
    public static final int TCP_FASTOPEN_KEY = 33;
    public static final int TCP_FASTOPEN_NO_COOKIE = 34;
    public static final int TCP_ZEROCOPY_RECEIVE = 35;
    public static final int TCP_INQ = 36;
    public static final int TCP_TX_DELAY = 37;

    // States of a TCP socket, in struct tcp_info and /proc/net
    public static final int TCP_ESTABLISHED = 1;
    public static final int TCP_SYN_SENT = 2;
    public static final int TCP_SYN_RECV = 3;
    public static final int TCP_FIN_WAIT1 = 4;
    public static final int TCP_FIN_WAIT2 = 5;
    public static final int TCP_TIME_WAIT = 6;
    public static final int TCP_CLOSE = 7;
    public static final int TCP_CLOSE_WAIT = 8;
    public static final int TCP_LAST_ACK = 9;
    public static final int TCP_LISTEN = 10;
    public static final int TCP_CLOSING = 11;

    // Options of SOL_UDP
    public static final int UDP_CORK = 1;
    public static final int UDP_ENCAP = 100;
    public static final int UDP_SEGMENT = 103;
    public static final int UDP_GRO = 104;

    // Netlink protocols
    public static final int NETLINK_ROUTE = 0;
    public static final int NETLINK_SOCK_DIAG = 4;
    public static final int NETLINK_AUDIT = 9;
    public static final int NETLINK_NETFILTER = 12;
    public static final int NETLINK_KOBJECT_UEVENT = 15;
    public static final int NETLINK_GENERIC = 16;

    // Options of SOL_NETLINK
    public static final int NETLINK_ADD_MEMBERSHIP = 1;
    public static final int NETLINK_DROP_MEMBERSHIP = 2;
    public static final int NETLINK_PKTINFO = 3;
    public static final int NETLINK_BROADCAST_ERROR = 4;
    public static final int NETLINK_NO_ENOBUFS = 5;
    public static final int NETLINK_LISTEN_ALL_NSID = 8;
    public static final int NETLINK_LIST_MEMBERSHIPS = 9;
    public static final int NETLINK_CAP_ACK = 10;
    public static final int NETLINK_EXT_ACK = 11;
    public static final int NETLINK_GET_STRICT_CHK = 12;

    // Options of SOL_PACKET and packet types
    public static final int PACKET_ADD_MEMBERSHIP = 1;
    public static final int PACKET_DROP_MEMBERSHIP = 2;
    public static final int PACKET_RX_RING = 5;
    public static final int PACKET_STATISTICS = 6;
    public static final int PACKET_AUXDATA = 8;
    public static final int PACKET_VERSION = 10;
    public static final int PACKET_RESERVE = 12;
    public static final int PACKET_TX_RING = 13;
    public static final int PACKET_HOST = 0;
    public static final int PACKET_BROADCAST = 1;
    public static final int PACKET_MULTICAST = 2;
    public static final int PACKET_OTHERHOST = 3;
    public static final int PACKET_OUTGOING = 4;

    private Socket() {
    }
}
