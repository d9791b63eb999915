// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Flight;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/**
 * A socket of connections: SOCK_STREAM and SOCK_SEQPACKET. A connection is two {@link Channel}s; what connects finds what listens
 * directly, since both are in the sandbox. A listener's lock is taken before that of a socket that connects to it.
 */
abstract class StreamSocket extends LocalSocket {

    enum State { IDLE, CONNECTING, LISTENING, CONNECTED, CLOSED }

    /** Whatever the namespace's settings say. */
    private static final int MAX_BACKLOG = 65_535;

    private final SocketMemory memory;

    /** Changed with the lock held, as are the following. */
    private volatile State state = State.IDLE;
    /** Both are there once it is connected. */
    private volatile Channel in;
    private volatile Channel out;
    private volatile boolean readShut;
    private volatile int error;
    /** Not null once it listens or has listened. */
    private Backlog backlog;
    /** Where it waits for a place in the backlog, or did. */
    private volatile StreamSocket waitingAt;

    StreamSocket(Home home, int domain, int type, int protocol) {
        super(home, domain, type, protocol);
        memory = home.memory();
    }

    StreamSocket(SocketMemory memory, StateRecord record) {
        super(record);
        this.memory = memory;
        state = adoptState(record);
        readShut = record.getBoolean("readShut", false);
        error = record.getInt("error", 0);
        backlog = record.has("backlogLimit") ? new Backlog(record.requireInt("backlogLimit")) : null;
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
    final StateRecord save(String recordType) {
        try (Mutex _ = lock.take()) {
            StateRecord record = super.save(recordType).put("state", state.name()).putOwn("in", in).putOwn("out", out)
                    .put("readShut", readShut).put("error", error).putOwn("waitingAt", waitingAt);
            if (backlog != null) {
                backlog.save(record);
            }
            return record;
        }
    }

    @Override
    public void link(StateRecord record) {
        in = record.own("in", Channel.class);
        out = record.own("out", Channel.class);
        waitingAt = record.own("waitingAt", StreamSocket.class);
        if (state == State.CONNECTED && (in == null || out == null)) {
            throw record.refuse("in", "a connection has two channels");
        }
        if (state == State.LISTENING && backlog == null) {
            throw record.refuse("backlogLimit", "missing, but listening");
        }
        if (backlog != null) {
            backlog.link(record);
        }
    }

    // ---- what the kinds differ in

    /**
     * A socket of the same kind for the accepting side of a connection that {@code client} makes. Both are locked.
     *
     * @param task who connects; null where that does not matter
     */
    abstract StreamSocket newAccepted(Task task, StreamSocket client);

    /** It is accepted: it is reached by a description of its own from now on. */
    void accepted() {}

    /** What SHUT_RD does to the other side: an AF_UNIX writer gets EPIPE, a TCP sender does not notice. */
    abstract boolean shutReadIsSeen();

    /** Whether a connection that waits for a place in a backlog is made for it, or by itself when it tries again. */
    abstract boolean connectsLater();

    /** What a send or receive on a socket without a connection fails with; 0: there is nothing to receive and will not be. */
    abstract int notConnected(boolean sending);

    /** Whether closing it breaks the connection off. */
    boolean abortsAtClose() {
        return false;
    }

    /** The name is free for others. */
    abstract void unbind();

    private boolean records() {
        return type == SOCK_SEQPACKET;
    }

    /** For sockets that come of this one. */
    final Home home() {
        return new Home(cgroup, net, owner, memory);
    }

    // ---- state

    @Override
    public final boolean listening() {
        return state == State.LISTENING;
    }

    final boolean isConnected() {
        return state == State.CONNECTED;
    }

    final State state() {
        return state;
    }

    /** With the lock held. */
    final void setState(State next) {
        state = next;
    }

    // ---- connections

    static void join(StreamSocket a, StreamSocket b) {
        Channel ab = a.newChannel(b);
        Channel ba = b.newChannel(a);
        b.connected(ab, ba);
        a.connected(ba, ab);
    }

    /** From this to {@code other}, at this one's expense. */
    private Channel newChannel(StreamSocket other) {
        return new Channel(memory, cgroup, records(), sendBuffer, other.queue, queue);
    }

    private void connected(Channel incoming, Channel outgoing) {
        try (Mutex _ = lock.take()) {
            in = incoming;
            out = outgoing;
            state = State.CONNECTED;
        }
    }

    /** listen(2), once the subclass has seen to the name. */
    final long startListening(int wanted) {
        int most = Math.min(net.setting(NetSysctl.SOMAXCONN), MAX_BACKLOG);
        int limit = wanted < 0 ? most : Math.min(wanted, most);
        List<StreamSocket> woken;
        try (Mutex _ = lock.take()) {
            if (state != State.IDLE && state != State.LISTENING) {
                return -Errno.EINVAL;
            }
            state = State.LISTENING;
            if (backlog == null) {
                backlog = new Backlog(limit);
            }
            backlog.setLimit(limit);
            woken = placesFree();
        }
        tell(woken);
        return 0;
    }

    /**
     * Connects to {@code listener} unless its backlog is full: 0, -EAGAIN (then it waits there), -ECONNREFUSED, -EISCONN, -EINVAL,
     * -EPROTOTYPE; or throws ENOBUFS.
     */
    final long connectTo(Task task, StreamSocket listener) {
        StreamSocket before = waitingAt;
        if (before != null && before != listener) {
            before.waitNoMore(this);
        }
        if (listener.type != type) {
            return -Errno.EPROTOTYPE;
        }
        try (Mutex _ = listener.lock.take()) {
            if (listener.state != State.LISTENING || listener.readShut) {
                return -Errno.ECONNREFUSED;
            }
            try (Mutex _ = lock.take()) {
                if (state != State.IDLE) {
                    return state == State.CONNECTED ? -Errno.EISCONN : state == State.CONNECTING ? -Errno.EALREADY : -Errno.EINVAL;
                }
                if (listener.backlog.isFull()) {
                    listener.backlog.addWaiting(this);
                    waitingAt = listener;
                    state = connectsLater() ? State.CONNECTING : State.IDLE;
                    return -Errno.EAGAIN;
                }
                listener.backlog.removeWaiting(this);
                listener.establish(task, this);
            }
        }
        listener.queue.wake(Poll.POLLIN | Poll.POLLRDNORM);
        queue.wake(Poll.POLLOUT | Poll.POLLWRNORM);
        return 0;
    }

    /** A connection from {@code client}, which is idle or waits; with both locks held. */
    private void establish(Task task, StreamSocket client) {
        StreamSocket accepted = newAccepted(task, client);
        accepted.sendBuffer = sendBuffer;
        accepted.receiveBuffer = receiveBuffer;
        accepted.passCredentials = passCredentials;
        join(client, accepted);
        client.waitingAt = null;
        backlog.add(accepted);
    }

    @Override
    public final Socket accept(Task task) {
        StreamSocket accepted;
        List<StreamSocket> woken;
        try (Mutex _ = lock.take()) {
            if (state != State.LISTENING) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            accepted = backlog.poll();
            if (accepted == null) {
                if (readShut) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                return null;
            }
            woken = placesFree();
        }
        accepted.accepted();
        tell(woken);
        return accepted;
    }

    /** Whoever waits for a place in the backlog is to be told; those who do not look again themselves are connected. With the lock held. */
    private List<StreamSocket> placesFree() {
        List<StreamSocket> waiting = backlog.waiting();
        if (connectsLater()) {
            for (StreamSocket client : waiting) {
                if (backlog.isFull()) {
                    break;
                }
                backlog.removeWaiting(client);
                try (Mutex _ = client.lock.take()) {
                    if (client.state == State.CONNECTING && client.waitingAt == this) {
                        establish(null, client);
                    }
                } catch (ErrnoException e) {
                    client.fail(e.errno());
                }
            }
        }
        return waiting;
    }

    private void tell(List<StreamSocket> waiting) {
        for (StreamSocket client : waiting) {
            client.queue.wake(Poll.POLLOUT | Poll.POLLWRNORM);
        }
        if (!waiting.isEmpty() && connectsLater()) {
            queue.wake(Poll.POLLIN | Poll.POLLRDNORM);
        }
    }

    private void waitNoMore(StreamSocket client) {
        try (Mutex _ = lock.take()) {
            if (backlog != null) {
                backlog.removeWaiting(client);
            }
        }
    }

    /** What it is about comes to nothing; whoever waits, or asks for SO_ERROR, is told so. */
    final void fail(int errno) {
        try (Mutex _ = lock.take()) {
            error = errno;
            waitingAt = null;
        }
        queue.wake(Poll.POLLIN | Poll.POLLOUT | Poll.POLLERR | Poll.POLLHUP | Poll.POLLRDHUP);
    }

    /** Waits for a place in the backlog of some listener. */
    final boolean isWaiting() {
        return waitingAt != null;
    }

    // ---- bytes

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        return transmit(task, data, message, null, null);
    }

    /** @param passage what goes with the first byte; null: nothing */
    final long transmit(Task task, IoBuffer data, Message message, Flight.Passage passage, Sender sender) {
        Channel channel = out;
        if (channel == null) {
            int e = notConnected(true);
            return e == Errno.EPIPE ? brokenPipe(task, message) : -e;
        }
        if (message != null && (message.flags & MSG_OOB) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        long sent = channel.write(data, passage, sender);
        if (sent != -Errno.EPIPE) {
            return sent;
        }
        long refused = writeRefused(data);
        return refused == -Errno.EPIPE ? brokenPipe(task, message) : refused;
    }

    /** What a send answers when nobody reads any more, or this side has ended it. */
    long writeRefused(IoBuffer data) {
        return -Errno.EPIPE;
    }

    /** What is sent to a side that has gone breaks the connection off; whether it does so now, and for the first time. */
    final boolean breaksOff() {
        return (out.writerEvents() & Poll.POLLHUP) == 0 && in.breaksOff();
    }

    @Override
    public long receive(Task task, FileDescription file, IoBuffer data, Message message) {
        Channel channel = in;
        if (channel == null) {
            return -notConnected(false);
        }
        int flags = message == null ? 0 : message.flags;
        if ((flags & MSG_OOB) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        boolean peek = (flags & MSG_PEEK) != 0;
        long received = channel.read(data, message, peek, passCredentials);
        if (received == -Errno.EAGAIN && readShut) {
            return 0;
        }
        if (received >= 0 && records() && message != null && message.fullLength > received) {
            message.resultFlags |= MSG_TRUNC;
            return (flags & MSG_TRUNC) != 0 ? message.fullLength : received;
        }
        return received;
    }

    @Override
    public void dropCarried() {
        Channel incoming = in;
        if (incoming != null) {
            incoming.dropCarried();
        }
        List<StreamSocket> waiting;
        try (Mutex _ = lock.take()) {
            waiting = backlog == null ? List.of() : backlog.connected();
        }
        waiting.forEach(StreamSocket::dropCarried);
    }

    // ---- readiness and errors

    @Override
    public int poll(FileDescription file) {
        if (state == State.LISTENING) {
            return pollListener();
        }
        int events = error != 0 ? Poll.POLLERR : 0;
        if (readShut) {
            events |= Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP;
        }
        if (state != State.CONNECTED) {
            return events | pollUnconnected();
        }
        int incoming = in.readerEvents();
        int outgoing = out.writerEvents();
        return events | incoming & ~Poll.POLLHUP | outgoing & (Poll.POLLOUT | Poll.POLLWRNORM)
                | (isHungUp(incoming, outgoing) ? Poll.POLLHUP : 0);
    }

    private int pollListener() {
        try (Mutex _ = lock.take()) {
            int shut = readShut ? Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP | Poll.POLLHUP : 0;
            return backlog.isEmpty() ? shut : shut | Poll.POLLIN | Poll.POLLRDNORM;
        }
    }

    int pollUnconnected() {
        return Poll.POLLOUT | Poll.POLLWRNORM | Poll.POLLHUP;
    }

    /**
     * Whether both directions are over.
     *
     * @param incoming {@link Channel#readerEvents}
     * @param outgoing {@link Channel#writerEvents}
     */
    abstract boolean isHungUp(int incoming, int outgoing);

    @Override
    final int takeError() {
        try (Mutex _ = lock.take()) {
            if (error != 0) {
                int e = error;
                error = 0;
                return e;
            }
        }
        Channel incoming = in;
        return incoming == null ? 0 : incoming.takeError();
    }

    @Override
    final int available() {
        Channel incoming = in;
        return incoming == null ? 0 : incoming.available();
    }

    @Override
    final void buffersChanged() {
        Channel outgoing = out;
        if (outgoing != null) {
            outgoing.setLimit(sendBuffer);
        }
    }

    // ---- ends

    @Override
    public long shutdown(Task task, int how) {
        Backlog.Clients clients = Backlog.Clients.NONE;
        try (Mutex _ = lock.take()) {
            if (shutReadIsSeen()) {
                readShut |= how != SHUT_WR;
            } else if (state == State.LISTENING && how != SHUT_WR) {
                state = State.IDLE;
                clients = takeClients();
            } else if (state != State.CONNECTED) {
                return -Errno.ENOTCONN;
            } else {
                readShut |= how != SHUT_WR;
            }
        }
        clients.refuse();
        Channel outgoing = out;
        if (how != SHUT_RD && outgoing != null) {
            outgoing.end();
        }
        Channel incoming = in;
        if (how != SHUT_WR && incoming != null && shutReadIsSeen()) {
            incoming.end(); // what has come can be read
        }
        queue.wake(Poll.POLLIN | Poll.POLLRDHUP | Poll.POLLHUP | Poll.POLLOUT);
        return 0;
    }

    /** The listener has gone: it is reset, before anybody has accepted it. */
    final void resetUnaccepted() {
        Channel toClient = out;
        close();
        if (toClient != null) {
            toClient.fail(Errno.ECONNRESET);
        }
    }

    /** The listener has gone: it is refused, or looks again. */
    final void refuse() {
        if (connectsLater()) {
            fail(Errno.ECONNREFUSED);
        } else {
            queue.wake(Poll.POLLOUT);
        }
    }

    /** With the lock held. */
    private Backlog.Clients takeClients() {
        return backlog == null ? Backlog.Clients.NONE : backlog.takeAll();
    }

    @Override
    public void release(FileDescription file) {
        close();
    }

    private void close() {
        Backlog.Clients clients;
        try (Mutex _ = lock.take()) {
            if (state != State.CLOSED) {
                uncharge();
            }
            state = State.CLOSED;
            clients = takeClients();
        }
        unbind();
        clients.refuse();
        StreamSocket listener = waitingAt;
        if (listener != null) {
            listener.waitNoMore(this);
        }
        Channel incoming = in;
        if (incoming != null) {
            boolean unread = incoming.breakOff();
            out.end();
            if (unread || abortsAtClose()) {
                // Whoever closes with bytes unread tells the other side so.
                out.fail(Errno.ECONNRESET);
            }
        }
    }
}
