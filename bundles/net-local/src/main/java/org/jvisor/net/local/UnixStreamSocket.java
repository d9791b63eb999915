// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.abi.UcredLayout;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** An AF_UNIX socket of type SOCK_STREAM or SOCK_SEQPACKET (unix(7)). */
final class UnixStreamSocket extends StreamSocket {

    private volatile UnixNames.Name name;
    private volatile UnixStreamSocket peer;

    UnixStreamSocket(Cgroup cgroup, NetNamespace net, int type) {
        super(cgroup, net, AF_UNIX, type, 0);
    }

    UnixStreamSocket(StateRecord record) {
        super(record);
        name = UnixNames.Name.adopt(record);
    }

    @Override
    public StateRecord save() {
        StateRecord record = save(LocalSockets.UNIX_STREAM);
        UnixNames.Name.save(name, record);
        return record.putOwn("peer", peer);
    }

    @Override
    public void link(StateRecord record) {
        super.link(record);
        peer = record.own("peer", UnixStreamSocket.class);
    }

    static UnixStreamSocket[] pair(Task task, int type) {
        Cgroup cgroup = task.cgroup();
        NetNamespace net = task.namespaces().net();
        UnixStreamSocket a = new UnixStreamSocket(cgroup, net, type);
        UnixStreamSocket b;
        try {
            b = new UnixStreamSocket(cgroup, net, type);
        } catch (ErrnoException e) {
            a.release(null);
            throw e;
        }
        a.setPeer(task);
        b.setPeer(task);
        a.peer = b;
        b.peer = a;
        join(a, b);
        return new UnixStreamSocket[] {a, b};
    }

    @Override
    StreamSocket newAccepted(StreamSocket client) {
        UnixStreamSocket accepted = new UnixStreamSocket(cgroup, net, type);
        UnixNames.Name mine = name;
        accepted.name = mine == null ? null : new UnixNames.Name(mine.address(), null);
        accepted.peer = (UnixStreamSocket) client;
        ((UnixStreamSocket) client).peer = accepted;
        return accepted;
    }

    @Override
    boolean shutReadIsSeen() {
        return true;
    }

    @Override
    int notConnected(boolean sending) {
        return type == SOCK_SEQPACKET || sending ? Errno.ENOTCONN : Errno.EINVAL;
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
    public long listen(Task task, int backlog) {
        return name == null ? -Errno.EINVAL : startListening(task, backlog);
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        if (isConnected()) {
            return -Errno.EISCONN;
        }
        return UnixNames.find(net, task, address, length) instanceof StreamSocket listener ? connectTo(task, listener) : -Errno.EPROTOTYPE;
    }

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        if (message != null && message.addressLength > 0 && type == SOCK_STREAM) {
            return isConnected() ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
        }
        UnixStreamSocket other = peer;
        Message sent = message;
        if (other != null && (other.passCredentials || passCredentials)) {
            if (sent == null) {
                sent = new Message();
            }
            if (!sent.hasCredentials) {
                sent.hasCredentials = true;
                sent.pid = task.group().pid();
                sent.uid = task.credentials().uid();
                sent.gid = task.credentials().gid();
            }
        }
        return super.send(task, file, data, sent);
    }

    @Override
    public long name(Task task, boolean ofPeer, byte[] address) {
        if (ofPeer && !isConnected()) {
            return -Errno.ENOTCONN;
        }
        UnixStreamSocket other = peer;
        return put(ofPeer ? other == null ? null : other.name : name, address);
    }

    static long put(UnixNames.Name name, byte[] address) {
        if (name == null) {
            SockaddrUnLayout.family(address, 0, AF_UNIX);
            return SockaddrUnLayout.PATH;
        }
        byte[] bytes = name.address();
        System.arraycopy(bytes, 0, address, 0, Math.min(bytes.length, address.length));
        return bytes.length;
    }

    @Override
    long getOwnOption(Task task, int level, int option, byte[] value, int length) {
        if (level == SOL_SOCKET && option == SO_PEERCRED) {
            int[] credentials = peerCredentials();
            byte[] b = new byte[UcredLayout.SIZE];
            UcredLayout.pid(b, 0, credentials[0]);
            UcredLayout.uid(b, 0, credentials[1]);
            UcredLayout.gid(b, 0, credentials[2]);
            int n = Math.min(length, b.length);
            System.arraycopy(b, 0, value, 0, n);
            return n;
        }
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
}
