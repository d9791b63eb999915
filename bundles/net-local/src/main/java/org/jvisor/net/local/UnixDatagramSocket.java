// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Flight;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** An AF_UNIX socket of type SOCK_DGRAM (unix(7)). */
final class UnixDatagramSocket extends DatagramSocket {

    /** So many datagrams, and one more, wait at a receiver that others than its own peer send to: net.unix.max_dgram_qlen. */
    private final int maxQueue;
    private final UnixNaming naming;
    private final Flight.Carrier carrier;
    private volatile UnixDatagramSocket peer;
    private volatile boolean gone;

    UnixDatagramSocket(Home home, Flight flight) {
        super(home, AF_UNIX, SOCK_DGRAM, 0);
        maxQueue = net.setting(NetSysctl.MAX_DGRAM_QLEN);
        naming = new UnixNaming(net, this);
        carrier = flight.newCarrier();
    }

    UnixDatagramSocket(SocketMemory memory, StateRecord record) {
        super(memory, record);
        maxQueue = record.getInt("maxQueue", NetSysctl.MAX_DGRAM_QLEN.initial());
        naming = new UnixNaming(net, this, record);
        carrier = record.requireCore("carrier", Flight.Carrier.class);
        gone = record.getBoolean("gone", false);
    }

    @Override
    public StateRecord save() {
        StateRecord record = save(LocalSockets.UNIX_DATAGRAM);
        naming.save(record);
        return record.putOwn("peer", peer).put("gone", gone).putCore("carrier", carrier).put("maxQueue", maxQueue);
    }

    @Override
    public void link(StateRecord record) {
        super.link(record);
        peer = record.own("peer", UnixDatagramSocket.class);
    }

    static UnixDatagramSocket[] pair(Home home, Flight flight) {
        UnixDatagramSocket a = new UnixDatagramSocket(home, flight);
        UnixDatagramSocket b;
        try {
            b = new UnixDatagramSocket(home, flight);
        } catch (ErrnoException e) {
            a.release(null);
            throw e;
        }
        a.peer = b;
        b.peer = a;
        return new UnixDatagramSocket[] {a, b};
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
    public long bind(Task task, byte[] address, int length) {
        return naming.bind(task, UnixNaming.ANYBODY, address, length);
    }

    @Override
    public long bind(Task task, FileDescription file, byte[] address, int length) {
        return naming.bind(task, file.inode().mode() & Mode.PERMISSIONS, address, length);
    }

    @Override
    public long connect(Task task, byte[] address, int length) {
        boolean dissolved = length >= 2 && SockaddrUnLayout.family(address, 0) == AF_UNSPEC;
        peer = dissolved ? null : found(task, address, length);
        // Who is not its peer may not send to it any more, and its peer not wait for the others.
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
        DatagramSocket receiver;
        if (message != null && message.addressLength > 0) {
            receiver = found(task, message.address, message.addressLength);
        } else {
            receiver = connectedOrThrow();
        }
        return receiver;
    }

    /** A peer that is gone is told of once; then there is none. */
    private UnixDatagramSocket connectedOrThrow() {
        UnixDatagramSocket other = peer;
        if (other == null) {
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        if (other.gone) {
            peer = null;
            throw ErrnoException.of(Errno.ECONNREFUSED);
        }
        return other;
    }

    @Override
    boolean accepts(DatagramSocket sender) {
        UnixDatagramSocket other = peer;
        return other == null || other == sender;
    }

    /** As on Linux two that are each other's peers are limited by the bytes that the one may send only. */
    @Override
    boolean isFull(DatagramQueue queue, DatagramSocket sender) {
        return queue.counted() >= sender.sendBuffer || peer != sender && queue.count() > maxQueue;
    }

    @Override
    byte[] sourceAddress() {
        return naming.address();
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
        return sendBuffer - RESERVED;
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
        return (ofPeer ? other.naming : naming).put(address);
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
        naming.unbind();
    }

    @Override
    public void release(FileDescription file) {
        gone = true;
        super.release(file);
    }
}
