// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** A socket of datagrams; a bounded queue of those that came. Guarded by this; no two sockets are locked at once. */
abstract class DatagramSocket extends LocalSocket {

    /** What a queued datagram costs beside its bytes, so that empty ones are bounded, too. */
    private static final int OVERHEAD = 256;

    /** A datagram on its way. */
    static final class Datagram {
        byte[] bytes;
        byte[] from;
        int fromLength;
        FileDescription[] files;
        boolean hasCredentials;
        int pid;
        int uid;
        int gid;

        Datagram() {
        }

        /** The bytes, and the references to descriptions, pass to it. */
        Datagram(StateRecord record) {
            bytes = record.getBytes("bytes");
            from = record.getBytes("from");
            fromLength = record.requireInt("fromLength");
            if (bytes == null || from == null || fromLength < 0 || fromLength > from.length) {
                throw record.refuse("fromLength", "does not fit the datagram's address, or there are no bytes");
            }
            files = AttachedFiles.adopt(record);
            hasCredentials = record.getBoolean("hasCredentials", false);
            pid = record.getInt("pid", 0);
            uid = record.getInt("uid", 0);
            gid = record.getInt("gid", 0);
        }

        void save(StateRecord record) {
            record.put("bytes", bytes).put("from", from).put("fromLength", fromLength)
                    .put("hasCredentials", hasCredentials).put("pid", pid).put("uid", uid).put("gid", gid);
            AttachedFiles.save(files, record);
        }

        /** Bytes of memory that it takes, about. */
        long cost() {
            return OVERHEAD + bytes.length + (files == null ? 0 : 16 + 8L * files.length);
        }
    }

    private final ArrayDeque<Datagram> queued = new ArrayDeque<>();
    private int queuedBytes;
    private int error;
    private boolean readShut;
    private boolean writeShut;
    private boolean closed;

    /** Sockets that found this one full, and wait for room; changed with the monitor held. */
    private final Set<DatagramSocket> waitingSenders = ConcurrentHashMap.newKeySet(1);
    /** Whose {@link #waitingSenders} this is among. */
    private final Set<DatagramSocket> waitingAt = ConcurrentHashMap.newKeySet(1);

    DatagramSocket(Cgroup cgroup, NetNamespace net, int domain, int type, int protocol) {
        super(cgroup, net, domain, type, protocol);
    }

    DatagramSocket(StateRecord record) {
        super(record);
        error = record.getInt("error", 0);
        readShut = record.getBoolean("readShut", false);
        writeShut = record.getBoolean("writeShut", false);
        closed = record.getBoolean("closed", false);
        for (StateRecord item : record.items("datagrams")) {
            Datagram datagram = new Datagram(item);
            queued.add(datagram);
            queuedBytes += datagram.bytes.length + OVERHEAD;
        }
    }

    @Override
    final synchronized StateRecord save(String recordType) {
        StateRecord record = super.save(recordType).put("error", error).put("readShut", readShut).put("writeShut", writeShut)
                .put("closed", closed).putList("datagrams");
        for (Datagram datagram : queued) {
            datagram.save(record.add("datagrams"));
        }
        record.putList("waitingSenders");
        waitingSenders.forEach(sender -> record.add("waitingSenders").putOwn("socket", sender));
        return record;
    }

    @Override
    public void link(StateRecord record) {
        super.link(record);
        for (StateRecord item : record.items("waitingSenders")) {
            addWaiting(item.requireOwn("socket", DatagramSocket.class));
        }
    }

    /** Largest datagram. */
    abstract int maxLength();

    /** Where a send goes: {@code message}'s address, or the connected one; or throws. */
    abstract DatagramSocket destination(Task task, Message message);

    /** This socket's address as receivers see it, put into {@code to}. */
    abstract int sourceAddress(Task task, byte[] to);

    /** Whether a full receiver makes the sender wait (AF_UNIX) or loses the datagram (UDP). */
    abstract boolean reliable();

    /** Whether {@code sender}'s datagrams are wanted: a connected receiver takes its peer's only. */
    abstract boolean accepts(DatagramSocket sender);

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        synchronized (this) {
            if (writeShut) {
                return brokenPipe(task, message);
            }
            if (error != 0) {
                int e = error;
                error = 0;
                return -e;
            }
        }
        DatagramSocket receiver = destination(task, message);
        if (receiver == null) {
            return data.remaining();
        }
        long length = data.remaining();
        if (length > maxLength() || length > sendBuffer) {
            return -Errno.EMSGSIZE;
        }
        if (!receiver.accepts(this)) {
            return reliable() ? -Errno.EPERM : length;
        }
        // Before the bytes are taken: whoever finds no room then could not send them again.
        if (!receiver.reserve((int) length, mayWait(file, message, receiver) ? this : null)) {
            return reliable() ? -Errno.EAGAIN : length;
        }
        Datagram datagram = new Datagram();
        datagram.bytes = new byte[(int) length];
        long moved = data.get(datagram.bytes, 0, (int) length);
        if (moved < length) {
            receiver.giveBack((int) length);
            return -Errno.EFAULT;
        }
        datagram.from = new byte[128];
        datagram.fromLength = sourceAddress(task, datagram.from);
        if (message != null) {
            datagram.files = message.files;
            datagram.hasCredentials = message.hasCredentials;
            datagram.pid = message.pid;
            datagram.uid = message.uid;
            datagram.gid = message.gid;
        }
        if (!datagram.hasCredentials && (receiver.passCredentials || passCredentials)) {
            datagram.hasCredentials = true;
            datagram.pid = task.group().pid();
            datagram.uid = task.credentials().uid();
            datagram.gid = task.credentials().gid();
        }
        long result = receiver.deliver(datagram);
        if (result < 0) {
            receiver.giveBack((int) length);
            return reliable() ? result : length;
        }
        return length;
    }

    /** The sender sleeps until there is room, or asks poll(2) for it. */
    private boolean mayWait(FileDescription file, Message message, DatagramSocket receiver) {
        boolean nonBlocking = file == null || (file.flags() & Open.O_NONBLOCK) != 0
                || message != null && (message.flags & MSG_DONTWAIT) != 0;
        return !nonBlocking || receiver == connected();
    }

    /** Whom poll(2) is about; null when any receiver may be sent to. */
    abstract DatagramSocket connected();

    /**
     * Takes room for a datagram that is about to come; whether there is any.
     *
     * @param waiting who is woken when there may be, or null
     */
    private synchronized boolean reserve(int length, DatagramSocket waiting) {
        if (closed || queuedBytes == 0 || queuedBytes + length + OVERHEAD <= receiveBuffer) {
            queuedBytes += length + OVERHEAD;
            return true;
        }
        if (waiting != null && reliable()) {
            addWaiting(waiting);
        }
        return false;
    }

    private void giveBack(int length) {
        synchronized (this) {
            queuedBytes -= length + OVERHEAD;
        }
        wakeSenders();
    }

    /** For poll(2): half of it is free. A larger datagram may have to wait all the same, as on Linux. */
    private synchronized boolean isCrowded(DatagramSocket waiting) {
        if (closed || queuedBytes <= receiveBuffer / 2) {
            return false;
        }
        addWaiting(waiting);
        return true;
    }

    private void addWaiting(DatagramSocket sender) {
        waitingSenders.add(sender);
        sender.waitingAt.add(this);
    }

    /** There is room, or no hope for any: each looks again. */
    final void wakeSenders() {
        if (waitingSenders.isEmpty()) {
            return;
        }
        List<DatagramSocket> senders;
        synchronized (this) {
            senders = List.copyOf(waitingSenders);
            waitingSenders.clear();
            senders.forEach(sender -> sender.waitingAt.remove(this));
        }
        for (DatagramSocket sender : senders) {
            sender.queue.wake(Poll.POLLOUT | Poll.POLLWRNORM);
        }
    }

    private synchronized void forget(DatagramSocket sender) {
        waitingSenders.remove(sender);
    }

    /** Into the room that {@link #reserve} took. */
    private long deliver(Datagram datagram) {
        synchronized (this) {
            if (closed) {
                return -Errno.ECONNREFUSED;
            }
            if (readShut) {
                return -Errno.EPIPE;
            }
            if (!cgroup.tryCharge(Charge.SOCKET_BYTE, datagram.cost())) {
                return -Errno.ENOBUFS;
            }
            queued.add(datagram);
        }
        queue.wake(Poll.POLLIN | Poll.POLLRDNORM);
        return 0;
    }

    @Override
    public long receive(Task task, FileDescription file, IoBuffer data, Message message) {
        int flags = message == null ? 0 : message.flags;
        boolean peek = (flags & MSG_PEEK) != 0;
        Datagram datagram;
        synchronized (this) {
            if (error != 0) {
                int e = error;
                error = 0;
                return -e;
            }
            datagram = peek ? queued.peek() : queued.poll();
            if (datagram == null) {
                return readShut ? 0 : -Errno.EAGAIN;
            }
            if (!peek) {
                queuedBytes -= datagram.bytes.length + OVERHEAD;
                cgroup.uncharge(Charge.SOCKET_BYTE, datagram.cost());
            } else if (datagram.files != null && message != null) {
                for (FileDescription attached : datagram.files) {
                    attached.retain();
                }
            }
        }
        if (!peek) {
            wakeSenders();
        }
        int wanted = (int) Math.min(datagram.bytes.length, data.remaining());
        long moved = wanted == 0 ? 0 : data.put(datagram.bytes, 0, wanted);
        if (moved < wanted) {
            if (!peek || message != null) {
                drop(datagram);
            }
            return -Errno.EFAULT;
        }
        if (message == null) {
            drop(datagram);
            return moved;
        }
        System.arraycopy(datagram.from, 0, message.address, 0, datagram.fromLength);
        message.addressLength = datagram.fromLength;
        message.files = datagram.files;
        message.hasCredentials = datagram.hasCredentials;
        message.pid = datagram.pid;
        message.uid = datagram.uid;
        message.gid = datagram.gid;
        message.fullLength = datagram.bytes.length;
        if (moved < datagram.bytes.length) {
            message.resultFlags |= MSG_TRUNC;
            if ((flags & MSG_TRUNC) != 0) {
                return datagram.bytes.length;
            }
        }
        return moved;
    }

    private static void drop(Datagram datagram) {
        if (datagram.files != null) {
            for (FileDescription file : datagram.files) {
                file.release(null);
            }
        }
    }

    final void setError(int errno) {
        synchronized (this) {
            error = errno;
        }
        queue.wake(Poll.POLLERR | Poll.POLLIN | Poll.POLLOUT);
    }

    @Override
    public Socket accept(Task task) {
        throw org.jvisor.api.abi.ErrnoException.of(Errno.EOPNOTSUPP);
    }

    abstract boolean hasPeer();

    @Override
    public long shutdown(Task task, int how) {
        if (!hasPeer()) {
            return -Errno.ENOTCONN;
        }
        synchronized (this) {
            readShut |= how != SHUT_WR;
            writeShut |= how != SHUT_RD;
        }
        queue.wake(Poll.POLLIN | Poll.POLLOUT | Poll.POLLHUP | Poll.POLLRDHUP);
        wakeSenders();
        return 0;
    }

    @Override
    public int poll(FileDescription file) {
        // Without the own monitor: two that are connected may ask about each other.
        DatagramSocket receiver = reliable() ? connected() : null;
        boolean writable = receiver == null || !receiver.isCrowded(this);
        return writable ? readiness() | Poll.POLLOUT | Poll.POLLWRNORM : readiness();
    }

    private synchronized int readiness() {
        int events = 0;
        if (!queued.isEmpty() || readShut) {
            events |= Poll.POLLIN | Poll.POLLRDNORM;
        }
        if (readShut) {
            events |= Poll.POLLRDHUP;
        }
        if (readShut && writeShut) {
            events |= Poll.POLLHUP;
        }
        if (error != 0) {
            events |= Poll.POLLERR;
        }
        return events;
    }

    @Override
    final synchronized int takeError() {
        int e = error;
        error = 0;
        return e;
    }

    @Override
    final boolean listening() {
        return false;
    }

    @Override
    final synchronized int available() {
        Datagram first = queued.peek();
        return first == null ? 0 : first.bytes.length;
    }

    @Override
    final void buffersChanged() {
        wakeSenders();
    }

    abstract void unbind();

    @Override
    public void release(FileDescription file) {
        List<Datagram> left;
        synchronized (this) {
            if (!closed) {
                uncharge();
            }
            closed = true;
            left = List.copyOf(queued);
            left.forEach(datagram -> queuedBytes -= datagram.bytes.length + OVERHEAD);
            for (Datagram datagram : left) {
                cgroup.uncharge(Charge.SOCKET_BYTE, datagram.cost());
            }
            queued.clear();
        }
        unbind();
        left.forEach(DatagramSocket::drop);
        wakeSenders();
        waitingAt.forEach(receiver -> receiver.forget(this));
    }
}
