// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;

/** A UDP socket (udp(7)) over the loopback. */
final class UdpSocket extends DatagramSocket implements InetPorts.Bound {

    private static final int MAX_LENGTH = 65507;

    private final InetOptions options;
    /** Written with the namespace's lock held. */
    private volatile Endpoint local;
    private volatile Endpoint remote;
    /** Whether it is in the namespace's table; guarded by the namespace's lock. */
    private boolean owned;

    UdpSocket(Home home, int domain) {
        super(home, domain, SOCK_DGRAM, IPPROTO_UDP);
        options = InetOptions.ofNew(false, net, domain);
    }

    UdpSocket(SocketMemory memory, StateRecord record) {
        super(memory, record);
        options = new InetOptions(false, net, record.getLongs("options"));
        local = Endpoint.adopt(record, "local");
        remote = Endpoint.adopt(record, "remote");
        owned = record.getBoolean("owned", false);
        if (owned && local == null) {
            throw record.refuse("local", "missing, but bound");
        }
    }

    @Override
    public StateRecord save() {
        StateRecord record = save(LocalSockets.UDP);
        Endpoint.save(local, record, "local");
        Endpoint.save(remote, record, "remote");
        return record.put("owned", owned).put("options", options.save());
    }

    @Override
    public Endpoint local() {
        return local;
    }

    @Override
    public boolean ipv6Only() {
        return options.isSet(SOL_IPV6, IPV6_V6ONLY);
    }

    @Override
    public Endpoint remote() {
        return remote;
    }

    @Override
    public boolean reusesAddress() {
        return reuseAddress;
    }

    @Override
    public boolean sharesLoad() {
        return reusePort;
    }

    @Override
    public int owner() {
        return owner;
    }

    @Override
    public boolean isListening() {
        return false;
    }

    @Override
    public long bind(Task task, byte[] address, int length) {
        Endpoint wanted = Endpoint.parseOwn(domain, address, length);
        try (Mutex _ = net.take()) {
            if (local != null) {
                return -Errno.EINVAL;
            }
            enter(task, wanted);
        }
        return 0;
    }

    /** With the namespace's lock held. */
    private void enter(Task task, Endpoint wanted) {
        local = InetPorts.bind(net, task, protocol, this, wanted);
        owned = true;
    }

    private void bindSomewhere(Task task) {
        if (local == null) {
            try (Mutex _ = net.take()) {
                if (local == null) {
                    enter(task, Endpoint.any(domain));
                }
            }
        }
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        if (length >= 2 && Bytes.getUnsignedShort(address, 0) == AF_UNSPEC) {
            remote = null;
            return 0;
        }
        Endpoint target = Endpoint.parse(domain, address, length).target();
        if (!target.isLoopback()) {
            return -Errno.ENETUNREACH;
        }
        bindSomewhere(task);
        remote = target;
        return 0;
    }

    @Override
    DatagramSocket destination(Task task, Message message) {
        boolean addressed = message != null && message.addressLength > 0;
        Endpoint target = addressed ? Endpoint.parse(domain, message.address, message.addressLength).target() : remote;
        if (target == null) {
            throw ErrnoException.of(Errno.EDESTADDRREQ);
        }
        if (target.port() == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (!target.isLoopback()) {
            throw ErrnoException.of(Errno.ENETUNREACH);
        }
        bindSomewhere(task);
        if (InetPorts.receiver(net, protocol, target, source()) instanceof UdpSocket receiver) {
            return receiver;
        }
        if (remote != null) {
            // The ICMP message that a closed port answers with reaches connected sockets (udp(7)).
            setError(Errno.ECONNREFUSED);
        }
        return null;
    }

    @Override
    boolean accepts(DatagramSocket sender) {
        Endpoint peer = remote;
        return peer == null || sender instanceof UdpSocket other && other.local != null && other.source().equals(peer);
    }

    @Override
    byte[] sourceAddress() {
        return source().toBytes(domain);
    }

    /** Where its datagrams come from. */
    private Endpoint source() {
        Endpoint source = local;
        Endpoint peer = remote;
        return !source.isAny() ? source : peer == null ? source.target() : peer.withPort(source.port());
    }

    @Override
    boolean isFull(DatagramQueue queue, DatagramSocket sender) {
        return queue.counted() >= receiveBuffer;
    }

    @Override
    DatagramSocket connected() {
        return null;
    }

    @Override
    boolean reliable() {
        return false;
    }

    @Override
    int maxLength() {
        return MAX_LENGTH;
    }

    @Override
    boolean hasPeer() {
        return remote != null;
    }

    @Override
    public long name(Task task, boolean peer, byte[] address) {
        if (peer && remote == null) {
            return -Errno.ENOTCONN;
        }
        Endpoint endpoint = peer ? remote : local;
        return (endpoint == null ? Endpoint.any(domain) : endpoint).write(domain, address);
    }

    @Override
    long getOwnOption(Task task, int level, int option, byte[] value, int length) {
        return options.get(level, option, value, length);
    }

    @Override
    long setOwnOption(Task task, int level, int option, byte[] value, int length) {
        return options.set(level, option, value, length);
    }

    @Override
    void unbind() {
        try (Mutex _ = net.take()) {
            if (owned) {
                net.unbind(new NetNamespace.Port(protocol, local.port()), this);
                owned = false;
            }
        }
    }
}
