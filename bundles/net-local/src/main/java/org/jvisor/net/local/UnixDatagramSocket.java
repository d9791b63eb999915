// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** An AF_UNIX socket of type SOCK_DGRAM (unix(7)). */
final class UnixDatagramSocket extends DatagramSocket {

    private volatile UnixNames.Name name;
    private volatile UnixDatagramSocket peer;
    private volatile boolean gone;

    UnixDatagramSocket(Cgroup cgroup, NetNamespace net) {
        super(cgroup, net, AF_UNIX, SOCK_DGRAM, 0);
    }

    UnixDatagramSocket(StateRecord record) {
        super(record);
        name = UnixNames.Name.adopt(record);
        gone = record.getBoolean("gone", false);
    }

    @Override
    public StateRecord save() {
        StateRecord record = save(LocalSockets.UNIX_DATAGRAM);
        UnixNames.Name.save(name, record);
        return record.putOwn("peer", peer).put("gone", gone);
    }

    @Override
    public void link(StateRecord record) {
        super.link(record);
        peer = record.own("peer", UnixDatagramSocket.class);
    }

    static UnixDatagramSocket[] pair(Cgroup cgroup, NetNamespace net) {
        UnixDatagramSocket a = new UnixDatagramSocket(cgroup, net);
        UnixDatagramSocket b;
        try {
            b = new UnixDatagramSocket(cgroup, net);
        } catch (ErrnoException e) {
            a.release(null);
            throw e;
        }
        a.peer = b;
        b.peer = a;
        return new UnixDatagramSocket[] {a, b};
    }

    @Override
    public long bind(Task task, byte[] address, int length) {
        synchronized (this) {
            if (name != null) {
                return -Errno.EINVAL;
            }
            name = UnixNames.bind(net, task, this, address, length);
        }
        return 0;
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        if (length >= 2 && SockaddrUnLayout.family(address, 0) == AF_UNSPEC) {
            peer = null;
            wakeSenders();
            return 0;
        }
        peer = found(task, address, length);
        // Who is not its peer may not send to it any more.
        wakeSenders();
        return 0;
    }

    private UnixDatagramSocket found(Task task, byte[] address, int length) {
        if (UnixNames.find(net, task, address, length) instanceof UnixDatagramSocket other) {
            if (!other.accepts(this)) {
                throw ErrnoException.of(Errno.EPERM);
            }
            return other;
        }
        throw ErrnoException.of(Errno.EPROTOTYPE);
    }

    @Override
    DatagramSocket destination(Task task, Message message) {
        if (message != null && message.addressLength > 0) {
            return found(task, message.address, message.addressLength);
        }
        UnixDatagramSocket other = peer;
        if (other == null) {
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        if (other.gone) {
            throw ErrnoException.of(Errno.ECONNREFUSED);
        }
        return other;
    }

    @Override
    boolean accepts(DatagramSocket sender) {
        UnixDatagramSocket other = peer;
        return other == null || other == sender;
    }

    @Override
    int sourceAddress(Task task, byte[] to) {
        return name == null ? 0 : (int) UnixStreamSocket.put(name, to);
    }

    @Override
    DatagramSocket connected() {
        return peer;
    }

    @Override
    boolean reliable() {
        return true;
    }

    @Override
    int maxLength() {
        return DEFAULT_BUFFER;
    }

    @Override
    boolean hasPeer() {
        return peer != null;
    }

    @Override
    public long name(Task task, boolean ofPeer, byte[] address) {
        UnixDatagramSocket other = peer;
        if (ofPeer && other == null) {
            return -Errno.ENOTCONN;
        }
        return UnixStreamSocket.put(ofPeer ? other.name : name, address);
    }

    @Override
    long getOwnOption(Task task, int level, int option, byte[] value, int length) {
        return level == SOL_SOCKET ? -Errno.ENOPROTOOPT : -Errno.EOPNOTSUPP;
    }

    @Override
    long setOwnOption(Task task, int level, int option, byte[] value, int length) {
        return level == SOL_SOCKET ? -Errno.ENOPROTOOPT : -Errno.EOPNOTSUPP;
    }

    @Override
    void unbind() {
        UnixNames.unbind(net, name, this);
    }

    @Override
    public void release(FileDescription file) {
        gone = true;
        super.release(file);
    }
}
