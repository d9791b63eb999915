// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;

/** A TCP socket (tcp(7)) whose other end is in the same sandbox: no packet is ever made. */
final class InetStreamSocket extends StreamSocket implements InetPorts.Bound {

    /** struct tcp_info's first byte is the state; the rest reads as zeros. */
    private static final int TCP_INFO_LENGTH = 104;

    private final InetPorts ports;
    private final InetOptions options = new InetOptions(true);
    private volatile Endpoint local;
    private volatile Endpoint remote;
    private boolean owned;

    InetStreamSocket(Cgroup cgroup, InetPorts ports, int domain) {
        super(cgroup, domain, SOCK_STREAM, IPPROTO_TCP);
        this.ports = ports;
    }

    @Override
    StreamSocket newAccepted(StreamSocket client) {
        InetStreamSocket other = (InetStreamSocket) client;
        InetStreamSocket accepted = new InetStreamSocket(cgroup, ports, domain);
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
        synchronized (this) {
            if (local != null) {
                return -Errno.EINVAL;
            }
            local = ports.bind(task, protocol, this, wanted);
            owned = true;
        }
        return 0;
    }

    private void bindSomewhere(Task task, Endpoint near) {
        synchronized (this) {
            if (local == null) {
                local = ports.bind(task, protocol, this, near.withPort(0));
                owned = true;
            } else if (local.isAny()) {
                local = near.withPort(local.port());
            }
        }
    }

    @Override
    public long listen(Task task, int backlog) {
        synchronized (this) {
            if (local == null) {
                local = ports.bind(task, protocol, this, Endpoint.any(domain));
                owned = true;
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
        if (!(ports.find(protocol, target, true) instanceof InetStreamSocket listener)) {
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
        synchronized (this) {
            if (owned) {
                ports.unbind(protocol, this, local.port());
                owned = false;
            }
        }
    }
}
