// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** A TCP socket (tcp(7)) whose other end is in the same sandbox: no packet is ever made. */
final class InetStreamSocket extends StreamSocket implements InetPorts.Bound {

    /** struct tcp_info's first byte is the state; the rest reads as zeros. */
    private static final int TCP_INFO_LENGTH = 104;

    private final InetOptions options;
    /** Written with the namespace's lock held. */
    private volatile Endpoint local;
    private volatile Endpoint remote;
    /** Whether it is in the namespace's table; guarded by the namespace's lock. */
    private boolean owned;

    InetStreamSocket(Cgroup cgroup, NetNamespace net, int domain) {
        super(cgroup, net, domain, SOCK_STREAM, IPPROTO_TCP);
        options = new InetOptions(true);
    }

    InetStreamSocket(StateRecord record) {
        super(record);
        options = new InetOptions(true, record.getLongs("options"));
        local = Endpoint.adopt(record, "local");
        remote = Endpoint.adopt(record, "remote");
        owned = record.getBoolean("owned", false);
        if (owned && local == null) {
            throw record.refuse("local", "missing, but bound");
        }
    }

    @Override
    public StateRecord save() {
        StateRecord record = save(LocalSockets.TCP);
        Endpoint.save(local, record, "local");
        Endpoint.save(remote, record, "remote");
        return record.put("owned", owned).put("options", options.save());
    }

    @Override
    StreamSocket newAccepted(StreamSocket client) {
        InetStreamSocket other = (InetStreamSocket) client;
        InetStreamSocket accepted = new InetStreamSocket(cgroup, net, domain);
        accepted.local = other.remote;
        accepted.remote = other.local;
        return accepted;
    }

    @Override
    boolean shutReadIsSeen() {
        return false;
    }

    @Override
    int notConnected(boolean sending) {
        return sending ? Errno.EPIPE : Errno.ENOTCONN;
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
    public boolean mayShare() {
        return reuseAddress || reusePort;
    }

    @Override
    public boolean isListening() {
        return listening();
    }

    @Override
    public long bind(Task task, byte[] address, int length) {
        Endpoint wanted = Endpoint.parse(domain, address, length);
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

    private void bindSomewhere(Task task, Endpoint near) {
        try (Mutex _ = net.take()) {
            if (local == null) {
                enter(task, near.withPort(0));
            } else if (local.isAny()) {
                local = near.withPort(local.port());
            }
        }
    }

    @Override
    public long listen(Task task, int backlog) {
        try (Mutex _ = net.take()) {
            if (local == null) {
                enter(task, Endpoint.any(domain));
            }
        }
        return startListening(task, backlog);
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        if (!isIdle()) {
            return isConnected() ? -Errno.EISCONN : -Errno.EINVAL;
        }
        Endpoint target = Endpoint.parse(domain, address, length).target();
        if (!target.isLoopback()) {
            return -Errno.ENETUNREACH;
        }
        if (!(InetPorts.find(net, protocol, target, true) instanceof InetStreamSocket listener)) {
            return -Errno.ECONNREFUSED;
        }
        bindSomewhere(task, target);
        remote = target;
        long result = connectTo(task, listener);
        if (result < 0 && result != -Errno.EAGAIN) {
            remote = null;
        }
        return result;
    }

    @Override
    public long name(Task task, boolean peer, byte[] address) {
        if (peer && !isConnected()) {
            return -Errno.ENOTCONN;
        }
        Endpoint endpoint = peer ? remote : local;
        return (endpoint == null ? Endpoint.any(domain) : endpoint).write(domain, address);
    }

    @Override
    long getOwnOption(Task task, int level, int option, byte[] value, int length) {
        if (level == SOL_TCP) {
            if (option == TCP_INFO) {
                int n = Math.min(length, TCP_INFO_LENGTH);
                Bytes.zero(value, 0, n);
                if (n > 0) {
                    value[0] = (byte) (listening() ? TCP_LISTEN : isConnected()
                            ? TCP_ESTABLISHED : TCP_CLOSE);
                }
                return n;
            }
            if (option == TCP_CONGESTION) {
                int n = Math.min(length, 16);
                Bytes.putString(value, 0, n, "reno");
                return n;
            }
        }
        return options.get(level, option, value, length);
    }

    @Override
    long setOwnOption(Task task, int level, int option, byte[] value, int length) {
        if (level == SOL_TCP && option == TCP_CONGESTION) {
            return Bytes.getString(value, 0, length).equals("reno") ? 0 : -Errno.ENOENT;
        }
        return options.set(level, option, value, length);
    }

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        long result = InetOptions.ioctl(task, command, argument);
        return result == -Errno.ENOTTY ? super.ioctl(task, file, command, argument) : result;
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
