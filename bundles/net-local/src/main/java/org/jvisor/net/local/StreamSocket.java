// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/**
 * A socket of connections: SOCK_STREAM and SOCK_SEQPACKET. A connection is two {@link Channel}s; what connects finds what listens
 * directly, since both are in the sandbox. State is guarded by this; a connecting socket's lock is taken before a listening one's.
 */
abstract class StreamSocket extends LocalSocket {

    private enum State { IDLE, CONNECTING, LISTENING, CONNECTED, CLOSED }

    /** Changed with the monitor held. */
    private volatile State state = State.IDLE;
    private Channel in;
    private Channel out;
    private boolean readShut;
    private int error;

    private final ArrayDeque<StreamSocket> backlog = new ArrayDeque<>();
    private int backlogLimit;
    /** Blocked in connect(2) because the backlog is full. */
    private final List<StreamSocket> waitingToConnect = new ArrayList<>();
    /** Whose {@link #waitingToConnect} it was entered in last. */
    private volatile StreamSocket waitingAt;

    /** Who the other side was when the connection was made: SO_PEERCRED. */
    private int peerPid;
    private int peerUid = -1;
    private int peerGid = -1;

    StreamSocket(Cgroup cgroup, NetNamespace net, int domain, int type, int protocol) {
        super(cgroup, net, domain, type, protocol);
    }

    StreamSocket(StateRecord record) {
        super(record);
        state = adoptState(record);
        readShut = record.getBoolean("readShut", false);
        error = record.getInt("error", 0);
        backlogLimit = record.getInt("backlogLimit", 0);
        peerPid = record.getInt("peerPid", 0);
        peerUid = record.getInt("peerUid", -1);
        peerGid = record.getInt("peerGid", -1);
    }

    private static State adoptState(StateRecord record) {
        String name = record.requireString("state");
        for (State one : State.values()) {
            if (one.name().equals(name)) {
                return one;
            }
        }
        throw record.refuse("state", "unknown: " + name);
    }

    @Override
    final synchronized StateRecord save(String recordType) {
        StateRecord record = super.save(recordType).put("state", state.name()).putOwn("in", in).putOwn("out", out)
                .put("readShut", readShut).put("error", error).put("backlogLimit", backlogLimit)
                .put("peerPid", peerPid).put("peerUid", peerUid).put("peerGid", peerGid)
                .putList("backlog").putList("waitingToConnect");
        backlog.forEach(accepted -> record.add("backlog").putOwn("socket", accepted));
        waitingToConnect.forEach(client -> record.add("waitingToConnect").putOwn("socket", client));
        return record;
    }

    /** Sockets refer to each other in circles, and in chains that are as long as the application likes. */
    @Override
    public synchronized void link(StateRecord record) {
        in = record.own("in", Channel.class);
        out = record.own("out", Channel.class);
        if (state == State.CONNECTED && (in == null || out == null)) {
            throw record.refuse("in", "a connection has two channels");
        }
        record.items("backlog").forEach(item -> backlog.add(item.requireOwn("socket", StreamSocket.class)));
        record.items("waitingToConnect").forEach(item -> {
            StreamSocket client = item.requireOwn("socket", StreamSocket.class);
            waitingToConnect.add(client);
            client.waitingAt = this;
        });
    }

    /** A socket of the same kind for the accepting side of a connection that {@code client} makes. */
    abstract StreamSocket newAccepted(StreamSocket client);

    /** What SHUT_RD does to the other side: an AF_UNIX writer gets EPIPE, a TCP sender does not notice. */
    abstract boolean shutReadIsSeen();

    private boolean records() {
        return type == SOCK_SEQPACKET;
    }

    static void join(StreamSocket a, StreamSocket b) {
        Channel ab = new Channel(a.cgroup, a.records(), a.sendBuffer, b.queue, a.queue);
        Channel ba = new Channel(b.cgroup, a.records(), b.sendBuffer, a.queue, b.queue);
        b.connected(ab, ba);
        a.connected(ba, ab);
    }

    private synchronized void connected(Channel incoming, Channel outgoing) {
        in = incoming;
        out = outgoing;
        state = State.CONNECTED;
    }

    final synchronized void setPeer(Task peer) {
        peerPid = peer.group().pid();
        peerUid = peer.credentials().euid();
        peerGid = peer.credentials().egid();
    }

    final synchronized int[] peerCredentials() {
        return new int[] {peerPid, peerUid, peerGid};
    }

    private synchronized void copyPeer(StreamSocket other) {
        int[] credentials = other.listenerCredentials();
        peerPid = credentials[0];
        peerUid = credentials[1];
        peerGid = credentials[2];
    }

    private synchronized int[] listenerCredentials() {
        return new int[] {peerPid, peerUid, peerGid};
    }

    /** listen(2), once the subclass has seen to the name. */
    final long startListening(Task task, int limit) {
        synchronized (this) {
            if (state != State.IDLE && state != State.LISTENING) {
                return -Errno.EINVAL;
            }
            state = State.LISTENING;
            backlogLimit = Math.clamp(limit < 0 ? SOMAXCONN : limit, 0,
                    SOMAXCONN);
            peerPid = task.group().pid();
            peerUid = task.credentials().euid();
            peerGid = task.credentials().egid();
        }
        return 0;
    }

    /** The part of connect(2) that is the same for all: 0, -EAGAIN (backlog full), -ECONNREFUSED, -EISCONN, -EINVAL. */
    final long connectTo(Task task, StreamSocket listener) {
        synchronized (this) {
            switch (state) {
                case IDLE -> state = State.CONNECTING;
                case CONNECTED -> {
                    return -Errno.EISCONN;
                }
                case CONNECTING -> {
                    return -Errno.EALREADY;
                }
                default -> {
                    return -Errno.EINVAL;
                }
            }
        }
        long result = -Errno.EPROTOTYPE;
        try {
            if (listener.type == type) {
                result = enterBacklog(task, listener);
            }
        } finally {
            if (result != 0) {
                connectedNot();
            }
        }
        if (result == 0) {
            listener.queue.wake(Poll.POLLIN | Poll.POLLRDNORM);
            // The other side may have been accepted, written to and closed by now, and its wake-ups met a socket that was not
            // connected yet: what they were for is told again.
            queue.wake(Poll.POLLOUT | Poll.POLLWRNORM | Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP | Poll.POLLHUP);
        }
        return result;
    }

    private synchronized void connectedNot() {
        if (state == State.CONNECTING) {
            state = State.IDLE;
        }
    }

    /**
     * Whoever is found in the backlog has its channels already: a server that is awake accepts it at once, and what it does then,
     * a read, a close, must meet the connection. This side gets its ends last, without the listener's lock.
     */
    private long enterBacklog(Task task, StreamSocket listener) {
        StreamSocket before = waitingAt;
        if (before != null && before != listener) {
            before.waitNoMore(this);
        }
        Channel here;
        Channel there;
        synchronized (listener) {
            if (listener.state != State.LISTENING) {
                return -Errno.ECONNREFUSED;
            }
            if (listener.backlog.size() > listener.backlogLimit) {
                if (!listener.waitingToConnect.contains(this)) {
                    listener.waitingToConnect.add(this);
                    waitingAt = listener;
                }
                return -Errno.EAGAIN;
            }
            listener.waitingToConnect.remove(this);
            StreamSocket accepted = listener.newAccepted(this);
            accepted.sendBuffer = listener.sendBuffer;
            accepted.receiveBuffer = listener.receiveBuffer;
            accepted.passCredentials = listener.passCredentials;
            accepted.setPeer(task);
            there = new Channel(cgroup, records(), sendBuffer, accepted.queue, queue);
            here = new Channel(accepted.cgroup, records(), accepted.sendBuffer, queue, accepted.queue);
            accepted.connected(there, here);
            listener.backlog.add(accepted);
        }
        copyPeer(listener);
        connected(here, there);
        return 0;
    }

    @Override
    public final Socket accept(Task task) {
        StreamSocket accepted;
        List<StreamSocket> waiting;
        synchronized (this) {
            if (state != State.LISTENING) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            accepted = backlog.poll();
            if (accepted == null) {
                return null;
            }
            waiting = List.copyOf(waitingToConnect);
        }
        for (StreamSocket socket : waiting) {
            socket.queue.wake(Poll.POLLOUT);
        }
        return accepted;
    }

    @Override
    public final boolean listening() {
        return state == State.LISTENING;
    }

    final boolean isConnected() {
        return state == State.CONNECTED;
    }

    final boolean isIdle() {
        return state == State.IDLE;
    }

    private synchronized Channel incoming() {
        return in;
    }

    private synchronized Channel outgoing() {
        return out;
    }

    /** What a send or receive on a socket without a connection fails with. */
    abstract int notConnected(boolean sending);

    /** Completes what goes with a message; the default of nothing said. */
    void prepare(Task task, Message message) {
    }

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        Channel channel = outgoing();
        if (channel == null) {
            int e = notConnected(true);
            return e == Errno.EPIPE ? brokenPipe(task, message) : -e;
        }
        if (message != null && (message.flags & MSG_OOB) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        long sent = channel.write(data, message);
        return sent == -Errno.EPIPE ? brokenPipe(task, message) : sent;
    }

    @Override
    public long receive(Task task, FileDescription file, IoBuffer data, Message message) {
        Channel channel = incoming();
        if (channel == null) {
            return -notConnected(false);
        }
        int flags = message == null ? 0 : message.flags;
        if ((flags & MSG_OOB) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        boolean peek = (flags & MSG_PEEK) != 0;
        long received = channel.read(data, message, peek, passCredentials);
        if (received == -Errno.EAGAIN && shutForReading()) {
            return 0;
        }
        if (received >= 0 && records() && message != null && message.fullLength > received) {
            message.resultFlags |= MSG_TRUNC;
            return (flags & MSG_TRUNC) != 0 ? message.fullLength : received;
        }
        return received;
    }

    private synchronized boolean shutForReading() {
        return readShut;
    }

    @Override
    public long shutdown(Task task, int how) {
        Channel incoming;
        Channel outgoing;
        Clients clients = Clients.NONE;
        synchronized (this) {
            if (state == State.LISTENING && how != SHUT_WR && !shutReadIsSeen()) {
                state = State.IDLE;
                clients = takeClients();
            } else if (state != State.CONNECTED) {
                return -Errno.ENOTCONN;
            }
            incoming = in;
            outgoing = out;
            readShut |= how != SHUT_WR;
        }
        clients.refuse();
        if (how != SHUT_RD && outgoing != null) {
            outgoing.end();
        }
        if (how != SHUT_WR && incoming != null && shutReadIsSeen()) {
            incoming.breakOff();
            incoming.end();
        }
        queue.wake(Poll.POLLIN | Poll.POLLRDHUP | Poll.POLLHUP | Poll.POLLOUT);
        return 0;
    }

    @Override
    public int poll(FileDescription file) {
        Channel incoming;
        Channel outgoing;
        int events = 0;
        synchronized (this) {
            if (state == State.LISTENING) {
                return backlog.isEmpty() ? 0 : Poll.POLLIN | Poll.POLLRDNORM;
            }
            if (state != State.CONNECTED) {
                return Poll.POLLOUT | Poll.POLLWRNORM | Poll.POLLHUP | (error != 0 ? Poll.POLLERR : 0);
            }
            incoming = in;
            outgoing = out;
            if (error != 0) {
                events |= Poll.POLLERR;
            }
            if (readShut) {
                events |= Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP;
            }
        }
        if (incoming.readable()) {
            events |= Poll.POLLIN | Poll.POLLRDNORM;
        }
        if (incoming.hasError()) {
            events |= Poll.POLLERR;
        }
        boolean inEnded = incoming.ended();
        if (inEnded) {
            events |= Poll.POLLRDHUP;
        }
        if (outgoing.writable()) {
            events |= Poll.POLLOUT | Poll.POLLWRNORM;
        }
        if (inEnded && (outgoing.ended() || outgoing.broken())) {
            events |= Poll.POLLHUP;
        }
        return events;
    }

    @Override
    final int takeError() {
        Channel incoming;
        synchronized (this) {
            if (error != 0) {
                int e = error;
                error = 0;
                return e;
            }
            incoming = in;
        }
        return incoming == null ? 0 : incoming.takeError();
    }

    @Override
    final int available() {
        Channel incoming = incoming();
        return incoming == null ? 0 : incoming.available();
    }

    @Override
    final void buffersChanged() {
        Channel outgoing = outgoing();
        if (outgoing != null) {
            outgoing.setLimit(sendBuffer);
        }
        // Who waits for room looks again: there may be some now.
        queue.wake(Poll.POLLOUT | Poll.POLLWRNORM);
    }

    /** The name is free for others. */
    abstract void unbind();

    @Override
    public void release(FileDescription file) {
        close();
    }

    /** Whoever has not been accepted: connections that stand, and sockets that wait for a place. */
    private record Clients(List<StreamSocket> connected, List<StreamSocket> waiting) {

        static final Clients NONE = new Clients(List.of(), List.of());

        /** The listener has gone: the connections are reset, and who waits looks again. */
        void refuse() {
            for (StreamSocket accepted : connected) {
                Channel toClient = accepted.outgoing();
                accepted.close();
                if (toClient != null) {
                    toClient.fail(Errno.ECONNRESET);
                }
            }
            for (StreamSocket client : waiting) {
                client.queue.wake(Poll.POLLOUT);
            }
        }
    }

    /** With the monitor held. */
    private Clients takeClients() {
        Clients clients = new Clients(List.copyOf(backlog), List.copyOf(waitingToConnect));
        backlog.clear();
        waitingToConnect.clear();
        return clients;
    }

    private synchronized void waitNoMore(StreamSocket client) {
        waitingToConnect.remove(client);
    }

    private void close() {
        Clients clients;
        Channel incoming;
        Channel outgoing;
        synchronized (this) {
            if (state != State.CLOSED) {
                uncharge();
            }
            state = State.CLOSED;
            clients = takeClients();
            incoming = in;
            outgoing = out;
        }
        unbind();
        clients.refuse();
        StreamSocket listener = waitingAt;
        if (listener != null) {
            listener.waitNoMore(this);
        }
        if (incoming != null) {
            boolean unread = incoming.breakOff();
            incoming.end();
            outgoing.end();
            if (unread) {
                // Whoever closes with bytes unread tells the other side so.
                outgoing.fail(Errno.ECONNRESET);
            }
        }
    }
}
