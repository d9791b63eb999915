// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Rtnetlink.*;
import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.NlmsghdrLayout;
import org.jvisor.api.abi.SockaddrNlLayout;
import org.jvisor.api.kernel.NetNamespace.Port;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** A socket of NETLINK_ROUTE. Only the kernel is talked to, which answers at once; it has no news to tell to groups. */
final class NetlinkSocket extends DatagramSocket {

    /** Of what one send may hold. */
    private static final int MAX_REQUEST = 32 << 10;
    /** Where ports begin that are not a process's id. */
    private static final int OTHER_PORTS = -4097;

    /** Its own address; 0: none yet. Changed with the namespace's lock held. */
    private volatile int port;
    private volatile int groups;
    /** NETLINK_CAP_ACK: errors come without the request's content. */
    private volatile boolean shortErrors;

    NetlinkSocket(Home home, int type, int protocol) {
        super(home, AF_NETLINK, type, protocol);
    }

    NetlinkSocket(SocketMemory memory, StateRecord record) {
        super(memory, record);
        port = record.getInt("port", 0);
        groups = record.getInt("groups", 0);
        shortErrors = record.getBoolean("shortErrors", false);
    }

    @Override
    public StateRecord save() {
        return save(LocalSockets.NETLINK).put("port", port).put("groups", groups).put("shortErrors", shortErrors);
    }

    // ---- addresses

    private Port key(int number) {
        return new Port(AF_NETLINK << 16 | protocol, number);
    }

    @Override
    public long bind(Task task, byte[] address, int length) {
        check(address, length);
        int wanted = SockaddrNlLayout.pid(address, 0);
        try (Mutex _ = net.take()) {
            if (port != 0 && wanted != 0 && wanted != port) {
                return -Errno.EINVAL;
            }
            if (port == 0 && wanted != 0 && !enter(wanted)) {
                return -Errno.EADDRINUSE;
            }
        }
        bindSomewhere(task);
        groups = SockaddrNlLayout.groups(address, 0);
        return 0;
    }

    private static void check(byte[] address, int length) {
        if (length < SockaddrNlLayout.SIZE || SockaddrNlLayout.family(address, 0) != AF_NETLINK) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** With the namespace's lock held; whether the port was free. */
    private boolean enter(int wanted) {
        if (!net.boundTo(key(wanted)).isEmpty()) {
            return false;
        }
        net.bind(key(wanted), this);
        port = wanted;
        return true;
    }

    /** The process's id, if no other socket has it (netlink(7)). */
    private void bindSomewhere(Task task) {
        try (Mutex _ = net.take()) {
            int next = task.group().pid();
            for (int other = OTHER_PORTS; port == 0 && !enter(next); other--) {
                next = other;
            }
        }
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        if (length >= 2 && SockaddrNlLayout.family(address, 0) == AF_UNSPEC) {
            return 0;
        }
        check(address, length);
        if (SockaddrNlLayout.pid(address, 0) != 0 || SockaddrNlLayout.groups(address, 0) != 0) {
            return -Errno.EPERM;
        }
        bindSomewhere(task);
        return 0;
    }

    @Override
    public long name(Task task, boolean peer, byte[] address) {
        Bytes.zero(address, 0, SockaddrNlLayout.SIZE);
        SockaddrNlLayout.family(address, 0, AF_NETLINK);
        if (!peer) {
            SockaddrNlLayout.pid(address, 0, port);
            SockaddrNlLayout.groups(address, 0, groups);
        }
        return SockaddrNlLayout.SIZE;
    }

    @Override
    byte[] sourceAddress() {
        return KERNEL.clone();
    }

    private static final byte[] KERNEL = new byte[SockaddrNlLayout.SIZE];

    static {
        SockaddrNlLayout.family(KERNEL, 0, AF_NETLINK);
    }

    @Override
    void unbind() {
        try (Mutex _ = net.take()) {
            if (port != 0) {
                net.unbind(key(port), this);
            }
        }
    }

    // ---- requests

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        if (message != null && message.addressLength > 0) {
            check(message.address, message.addressLength);
            if (SockaddrNlLayout.pid(message.address, 0) != 0) {
                return -Errno.ECONNREFUSED;
            }
        }
        long length = data.remaining();
        if (length > Math.min(maxLength(), MAX_REQUEST)) {
            return -Errno.EMSGSIZE;
        }
        bindSomewhere(task);
        byte[] b = new byte[(int) length];
        if (data.get(b, 0, b.length) < b.length) {
            return -Errno.EFAULT;
        }
        for (int at = 0; at + NlmsghdrLayout.SIZE <= b.length;) {
            int own = NlmsghdrLayout.len(b, at);
            if (own < NlmsghdrLayout.SIZE || own > b.length - at) {
                break;
            }
            answer(task, b, at, own);
            at += align(own);
        }
        return length;
    }

    private void answer(Task task, byte[] b, int at, int length) {
        int flags = NlmsghdrLayout.flags(b, at);
        int error = 0;
        if ((flags & NLM_F_REQUEST) != 0 && NlmsghdrLayout.type(b, at) >= NLMSG_MIN_TYPE) {
            RouteAnswers answers = new RouteAnswers(NlmsghdrLayout.seq(b, at), port, m -> deliver(m.bytes, m.end(), KERNEL));
            error = answers.answer(b, at, length, task.hasCapability(Capability.CAP_NET_ADMIN));
            if (error == RouteAnswers.DONE) {
                return; // a dump says itself that it is over
            }
        }
        if (error != 0 || (flags & NLM_F_ACK) != 0) {
            NetlinkMessage m = new NetlinkMessage();
            boolean whole = error != 0 && !shortErrors && length <= m.bytes.length - 2 * NlmsghdrLayout.SIZE;
            int body = m.begin(NLMSG_ERROR, whole ? 0 : NLM_F_CAPPED, NlmsghdrLayout.seq(b, at), port, Integer.BYTES);
            Bytes.putInt(m.bytes, body, -error);
            m.append(b, at, whole ? length : NlmsghdrLayout.SIZE);
            deliver(m.bytes, m.end(), KERNEL);
        }
    }

    // ---- what it has in common with other sockets of datagrams

    @Override
    int maxLength() {
        return sendBuffer - RESERVED;
    }

    @Override
    DatagramSocket destination(Task task, Message message) {
        throw new IllegalStateException("the kernel is not a socket");
    }

    @Override
    boolean reliable() {
        return false;
    }

    @Override
    boolean accepts(DatagramSocket sender) {
        return true;
    }

    @Override
    DatagramSocket connected() {
        return null;
    }

    @Override
    boolean isFull(DatagramQueue queue, DatagramSocket sender) {
        return queue.counted() >= receiveBuffer;
    }

    @Override
    boolean hasPeer() {
        return false;
    }

    @Override
    public long shutdown(Task task, int how) {
        return -Errno.EOPNOTSUPP;
    }

    @Override
    long getOwnOption(Task task, int level, int option, byte[] value, int length) {
        return level == SOL_NETLINK && option == NETLINK_CAP_ACK ? integer(value, length, shortErrors ? 1 : 0) : -Errno.ENOPROTOOPT;
    }

    /** Groups can be joined, though nothing ever comes of it. */
    @Override
    long setOwnOption(Task task, int level, int option, byte[] value, int length) {
        if (level != SOL_NETLINK) {
            return -Errno.ENOPROTOOPT;
        }
        switch (option) {
            case NETLINK_CAP_ACK -> shortErrors = Bytes.getInt(value, 0) != 0;
            case NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS, NETLINK_EXT_ACK,
                    NETLINK_GET_STRICT_CHK -> { }
            default -> {
                return -Errno.ENOPROTOOPT;
            }
        }
        return 0;
    }
}
