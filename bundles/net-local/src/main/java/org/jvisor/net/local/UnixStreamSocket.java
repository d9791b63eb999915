// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.UcredLayout;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Flight;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** An AF_UNIX socket of type SOCK_STREAM or SOCK_SEQPACKET (unix(7)). */
final class UnixStreamSocket extends StreamSocket {

    private static final Sender NOBODY = new Sender(0, -1, -1);

    private final Flight flight;
    private final UnixNaming naming;
    private final Flight.Carrier carrier;
    private volatile UnixStreamSocket peer;
    /** Who the other side was when the connection was made (SO_PEERCRED); of a listener itself. */
    private volatile Sender credentials = NOBODY;

    UnixStreamSocket(Home home, Flight flight, int type) {
        super(home, AF_UNIX, type, 0);
        this.flight = flight;
        naming = new UnixNaming(net, this);
        carrier = flight.newCarrier();
    }

    UnixStreamSocket(SocketMemory memory, StateRecord record) {
        super(memory, record);
        flight = record.requireCore("flight", Flight.class);
        naming = new UnixNaming(net, this, record);
        carrier = record.requireCore("carrier", Flight.Carrier.class);
        Sender known = Sender.adopt(record);
        credentials = known == null ? NOBODY : known;
    }

    @Override
    public StateRecord save() {
        StateRecord record = save(LocalSockets.UNIX_STREAM);
        naming.save(record);
        Sender.save(credentials, record);
        return record.putOwn("peer", peer).putCore("flight", flight).putCore("carrier", carrier);
    }

    @Override
    public void link(StateRecord record) {
        super.link(record);
        peer = record.own("peer", UnixStreamSocket.class);
    }

    static UnixStreamSocket[] pair(Task task, Home home, int type) {
        Flight flight = task.kernel().flight();
        UnixStreamSocket a = new UnixStreamSocket(home, flight, type);
        UnixStreamSocket b;
        try {
            b = new UnixStreamSocket(home, flight, type);
        } catch (ErrnoException e) {
            a.release(null);
            throw e;
        }
        a.credentials = effective(task);
        b.credentials = a.credentials;
        a.peer = b;
        b.peer = a;
        join(a, b);
        return new UnixStreamSocket[] {a, b};
    }

    private static Sender effective(Task task) {
        return new Sender(task.group().pid(), task.credentials().euid(), task.credentials().egid());
    }

    @Override
    StreamSocket newAccepted(Task task, StreamSocket client) {
        UnixStreamSocket other = (UnixStreamSocket) client;
        UnixStreamSocket accepted = new UnixStreamSocket(home(), flight, type);
        accepted.naming.showsThatOf(naming);
        accepted.carrier.waitsAt(carrier);
        accepted.credentials = effective(task);
        other.credentials = credentials;
        accepted.peer = other;
        other.peer = accepted;
        return accepted;
    }

    @Override
    void accepted() {
        carrier.waitsAt(null);
    }

    @Override
    public Flight.Carrier carrier() {
        return carrier;
    }

    @Override
    public void onlyInFlight(FileDescription file) {
        carrier.collect();
    }

    @Override
    boolean shutReadIsSeen() {
        return true;
    }

    @Override
    boolean connectsLater() {
        return false;
    }

    @Override
    boolean isHungUp(int incoming, int outgoing) {
        return (incoming & Poll.POLLRDHUP) != 0 && (outgoing & (Poll.POLLHUP | Poll.POLLERR)) != 0;
    }

    @Override
    int notConnected(boolean sending) {
        return type == SOCK_SEQPACKET || sending ? Errno.ENOTCONN : Errno.EINVAL;
    }

    @Override
    public long bind(Task task, byte[] address, int length) {
        return naming.bind(task, UnixNaming.ANYBODY, address, length);
    }

    @Override
    public long bind(Task task, FileDescription file, byte[] address, int length) {
        return naming.bind(task, file.inode().mode() & Mode.PERMISSIONS, address, length);
    }

    @Override
    public long listen(Task task, int backlog) {
        if (!naming.isBound()) {
            return -Errno.EINVAL;
        }
        long result = startListening(backlog);
        if (result == 0) {
            credentials = effective(task);
        }
        return result;
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        if (isConnected()) {
            return -Errno.EISCONN;
        }
        return UnixNames.find(net, task, address, length) instanceof StreamSocket listener ? connectTo(task, listener)
                : -Errno.EPROTOTYPE;
    }

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        if (message != null && message.addressLength > 0 && type == SOCK_STREAM) {
            return isConnected() ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
        }
        UnixStreamSocket other = peer;
        Sender sender = Sender.named(message);
        if (sender == null && other != null && (other.passCredentials || passCredentials)) {
            sender = Sender.of(task);
        }
        if (message == null || message.files == null || other == null) {
            return transmit(task, data, message, null, sender);
        }
        Flight.Passage passage = flight.depart(task, other.carrier, message.files);
        boolean left = false;
        try {
            long sent = transmit(task, data, message, passage, sender);
            left = sent > 0 || sent == 0 && type == SOCK_SEQPACKET;
            return sent;
        } finally {
            if (left) {
                passage.departed();
            } else {
                passage.arrive();
            }
        }
    }

    @Override
    public long name(Task task, boolean ofPeer, byte[] address) {
        if (ofPeer && !isConnected()) {
            return -Errno.ENOTCONN;
        }
        UnixStreamSocket other = peer;
        return (ofPeer && other != null ? other.naming : naming).put(address);
    }

    @Override
    long getOwnOption(Task task, int level, int option, byte[] value, int length) {
        if (level == SOL_SOCKET && option == SO_PEERCRED) {
            Sender known = credentials;
            byte[] b = new byte[UcredLayout.SIZE];
            UcredLayout.pid(b, 0, known.pid());
            UcredLayout.uid(b, 0, known.uid());
            UcredLayout.gid(b, 0, known.gid());
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
        naming.unbind();
    }
}
