// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;

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
    /** It has been connected since connect(2) was asked last. */
    private volatile boolean unreported;

    InetStreamSocket(Home home, int domain) {
        super(home, domain, SOCK_STREAM, IPPROTO_TCP);
        options = InetOptions.ofNew(true, net, domain);
    }

    InetStreamSocket(SocketMemory memory, StateRecord record) {
        super(memory, record);
        unreported = record.getBoolean("unreported", false);
        options = new InetOptions(true, net, record.getLongs("options"));
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
        return record.put("owned", owned).put("unreported", unreported).put("options", options.save());
    }

    @Override
    StreamSocket newAccepted(Task task, StreamSocket client) {
        InetStreamSocket other = (InetStreamSocket) client;
        InetStreamSocket accepted = new InetStreamSocket(home(), domain);
        accepted.local = other.remote;
        accepted.remote = other.local;
        return accepted;
    }

    /** As the three steps of a connection are made without whoever asked for it. */
    @Override
    boolean connectsLater() {
        return true;
    }

    @Override
    boolean shutReadIsSeen() {
        return false;
    }

    @Override
    int notConnected(boolean sending) {
        if (state() == State.CONNECTING) {
            if (isWaiting()) {
                return Errno.EAGAIN;
            }
            int failed = takeError();
            return failed != 0 ? failed : sending ? Errno.EPIPE : 0;
        }
        return sending ? Errno.EPIPE : Errno.ENOTCONN;
    }

    /** Nothing while it is being connected; after a failure all that can be. */
    @Override
    int pollUnconnected() {
        if (state() != State.CONNECTING) {
            return super.pollUnconnected();
        }
        return isWaiting() ? 0 : super.pollUnconnected() | Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP;
    }

    /** socket(7), SO_LINGER: without a time to wait nothing is waited for. */
    @Override
    boolean abortsAtClose() {
        return lingersFor(0);
    }

    /** A side that has gone is told of only by what it answers: until then this one may send. */
    @Override
    boolean isHungUp(int incoming, int outgoing) {
        boolean ended = (incoming & Poll.POLLRDHUP) != 0 && (outgoing & Poll.POLLHUP) != 0;
        return ended || (incoming & Poll.POLLHUP) != 0;
    }

    /** The first bytes to a side that has gone are sent, and it answers that it knows of no connection. */
    @Override
    long writeRefused(IoBuffer data) {
        int failed = takeError();
        if (failed != 0) {
            return -failed;
        }
        if (!breaksOff()) {
            return -Errno.EPIPE;
        }
        fail(Errno.EPIPE);
        long length = data.remaining();
        return data.skip(length) ? length : -Errno.EFAULT;
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
        return listening();
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
            } else if (!listening() && !InetPorts.mayListen(net, protocol, this)) {
                return -Errno.EADDRINUSE;
            }
            return startListening(backlog);
        }
    }

    /** As connect(2) of a non-blocking socket: what comes of it is told when it is asked again. */
    @Override
    public long connect(Task task, byte[] address, int length) {
        switch (state()) {
            case LISTENING -> {
                return -Errno.EISCONN;
            }
            case CONNECTED -> {
                boolean first = unreported;
                unreported = false;
                return first ? 0 : -Errno.EISCONN;
            }
            case CONNECTING -> {
                return isWaiting() ? -Errno.EALREADY : failure();
            }
            default -> {
                return begin(task, Endpoint.parse(domain, address, length).target());
            }
        }
    }

    private long begin(Task task, Endpoint target) {
        if (!target.isLoopback()) {
            return -Errno.ENETUNREACH;
        }
        bindSomewhere(task, target);
        Object listener = InetPorts.listener(net, protocol, target, local);
        remote = target;
        unreported = true;
        long result = listener instanceof InetStreamSocket found ? connectTo(task, found) : -Errno.ECONNREFUSED;
        if (result == -Errno.ECONNREFUSED) {
            if (!beginInVain()) {
                return -Errno.EALREADY;
            }
            fail(Errno.ECONNREFUSED);
        }
        return result == 0 || result == -Errno.EAGAIN || result == -Errno.ECONNREFUSED ? -Errno.EINPROGRESS : result;
    }

    private boolean beginInVain() {
        try (Mutex _ = lock.take()) {
            if (state() != State.IDLE) {
                return false;
            }
            setState(State.CONNECTING);
            return true;
        }
    }

    /** It may be tried again from now on. */
    private long failure() {
        try (Mutex _ = lock.take()) {
            if (state() == State.CONNECTING) {
                setState(State.IDLE);
                remote = null;
            }
        }
        int failed = takeError();
        return failed != 0 ? -failed : -Errno.ECONNABORTED;
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
    void unbind() {
        try (Mutex _ = net.take()) {
            if (owned) {
                net.unbind(new NetNamespace.Port(protocol, local.port()), this);
                owned = false;
            }
        }
    }
}
