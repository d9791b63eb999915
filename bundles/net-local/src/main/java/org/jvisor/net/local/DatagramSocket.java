// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Flight;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** A socket of datagrams. No two sockets are locked at once. */
abstract class DatagramSocket extends LocalSocket {

    private final DatagramQueue queued;
    /** Guarded by the lock, as are the following. */
    private int error;
    private boolean readShut;
    private boolean writeShut;

    /** Sockets that found this one full, and wait for room; changed with the lock held. */
    private final Set<DatagramSocket> waitingSenders = ConcurrentHashMap.newKeySet(1);
    /** Whose {@link #waitingSenders} this is among. */
    private final Set<DatagramSocket> waitingAt = ConcurrentHashMap.newKeySet(1);

    DatagramSocket(Home home, int domain, int type, int protocol) {
        super(home, domain, type, protocol);
        queued = new DatagramQueue(home.memory(), cgroup, lock);
    }

    DatagramSocket(SocketMemory memory, StateRecord record) {
        super(record);
        error = record.getInt("error", 0);
        readShut = record.getBoolean("readShut", false);
        writeShut = record.getBoolean("writeShut", false);
        queued = new DatagramQueue(memory, cgroup, lock, record);
    }

    @Override
    final StateRecord save(String recordType) {
        try (Mutex _ = lock.take()) {
            StateRecord record = super.save(recordType).put("error", error).put("readShut", readShut).put("writeShut", writeShut)
                    .putList("waitingSenders");
            queued.save(record);
            waitingSenders.forEach(sender -> record.add("waitingSenders").putOwn("socket", sender));
            return record;
        }
    }

    @Override
    public void link(StateRecord record) {
        super.link(record);
        for (StateRecord item : record.items("waitingSenders")) {
            addWaiting(item.requireOwn("socket", DatagramSocket.class));
        }
    }

    // ---- what the kinds differ in

    /** Largest datagram. */
    abstract int maxLength();

    /** Where a send goes: {@code message}'s address, or the connected one; or throws. Null: nobody is there, and the datagram is lost. */
    abstract DatagramSocket destination(Task task, Message message);

    /** This socket's address as receivers see it; of no bytes when there is none. */
    abstract byte[] sourceAddress();

    /** Whether a full receiver makes the sender wait (AF_UNIX) or loses the datagram (UDP). */
    abstract boolean reliable();

    /** Whether {@code sender}'s datagrams are wanted: a connected receiver takes its peer's only. */
    abstract boolean accepts(DatagramSocket sender);

    /** Whom poll(2) is about; null when any receiver may be sent to. */
    abstract DatagramSocket connected();

    /** Whether there is no room for a datagram of {@code sender}'s beside what is queued; with the lock held. */
    abstract boolean isFull(DatagramQueue queue, DatagramSocket sender);

    abstract boolean hasPeer();

    abstract void unbind();

    // ---- sending

    @Override
    public long send(Task task, FileDescription file, IoBuffer data, Message message) {
        long length = data.remaining();
        if (length > maxLength()) {
            return -Errno.EMSGSIZE;
        }
        try (Mutex _ = lock.take()) {
            if (error != 0) {
                return -takeErrorLocked();
            }
            if (writeShut) {
                return -Errno.EPIPE;
            }
        }
        DatagramSocket receiver = destination(task, message);
        if (receiver == null) {
            return length;
        }
        if (!receiver.accepts(this)) {
            return reliable() ? -Errno.EPERM : length;
        }
        // Before the bytes are taken: whoever finds no room then could not send them again.
        long refused = receiver.refusal(this, isPatient(file, message) || receiver == connected());
        if (refused != 0) {
            return reliable() ? refused : length;
        }
        Sender sender = Sender.named(message);
        if (sender == null && (receiver.passCredentials || passCredentials)) {
            sender = Sender.of(task);
        }
        FileDescription[] files = message == null ? null : message.files;
        Flight.Passage passage = files == null || receiver.carrier() == null ? null
                : task.kernel().flight().depart(task, receiver.carrier(), files);
        long result = -Errno.ENOBUFS;
        try {
            byte[] buffer = task == null ? new byte[DatagramQueue.SMALL] : task.scratch();
            Datagram datagram = receiver.queued.take(data, (int) length, buffer);
            if (datagram != null) {
                datagram.from = sourceAddress();
                datagram.sender = sender;
                datagram.passage = passage;
                result = receiver.queued.add(datagram, buffer);
            }
        } finally {
            if (result < 0 && passage != null) {
                passage.arrive();
            }
        }
        if (result < 0) {
            return reliable() ? result : length;
        }
        receiver.queue.wake(Poll.POLLIN | Poll.POLLRDNORM);
        if (passage != null) {
            passage.departed();
        }
        return length;
    }

    /** The kernel itself sends {@code length} bytes, of {@link DatagramQueue#SMALL} at most; they are lost where there is no room. */
    final void deliver(byte[] bytes, int length, byte[] from) {
        Datagram datagram = new Datagram(length, SocketMemory.NONE);
        datagram.from = from;
        boolean full;
        try (Mutex _ = lock.take()) {
            full = isFull(queued, this);
        }
        if (full || queued.add(datagram, bytes) < 0) {
            setError(Errno.ENOBUFS);
        } else {
            queue.wake(Poll.POLLIN | Poll.POLLRDNORM);
        }
    }

    /** Whether the caller sleeps until there is room, or something to read. */
    private static boolean isPatient(FileDescription file, Message message) {
        return file != null && (file.flags() & Open.O_NONBLOCK) == 0 && (message == null || (message.flags & MSG_DONTWAIT) == 0);
    }

    /** 0: there is room for a datagram, or its sender will see that nobody reads any more. -EAGAIN, -EPIPE. */
    private long refusal(DatagramSocket sender, boolean waits) {
        try (Mutex _ = lock.take()) {
            if (queued.isClosed()) {
                return 0;
            }
            if (readShut && reliable()) {
                return -Errno.EPIPE;
            }
            if (!isFull(queued, sender)) {
                return 0;
            }
            if (waits && reliable()) {
                addWaiting(sender);
            }
            return -Errno.EAGAIN;
        }
    }

    /** For poll(2): whoever is told that there is none is woken when there is. */
    private boolean hasNoRoomFor(DatagramSocket sender) {
        try (Mutex _ = lock.take()) {
            if (queued.isClosed() || readShut || !isFull(queued, sender)) {
                return false;
            }
            addWaiting(sender);
            return true;
        }
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
        try (Mutex _ = lock.take()) {
            senders = List.copyOf(waitingSenders);
            waitingSenders.clear();
            senders.forEach(sender -> sender.waitingAt.remove(this));
        }
        for (DatagramSocket sender : senders) {
            sender.queue.wake(Poll.POLLOUT | Poll.POLLWRNORM);
        }
    }

    private void forget(DatagramSocket sender) {
        try (Mutex _ = lock.take()) {
            waitingSenders.remove(sender);
        }
    }

    // ---- receiving

    @Override
    public long receive(Task task, FileDescription file, IoBuffer data, Message message) {
        int flags = message == null ? 0 : message.flags;
        boolean peek = (flags & MSG_PEEK) != 0;
        byte[] buffer = task == null ? new byte[DatagramQueue.SMALL] : task.scratch();
        Datagram datagram;
        Flight.Passage dropped = null;
        FileDescription[] files = null;
        try (Mutex _ = lock.take()) {
            if (error != 0) {
                return -takeErrorLocked();
            }
            datagram = peek ? queued.peek(buffer) : queued.poll(buffer);
            if (datagram == null) {
                return readShut && isPatient(file, message) ? 0 : -Errno.EAGAIN;
            }
            if (datagram.passage != null) {
                if (message == null) {
                    dropped = datagram.passage;
                } else {
                    files = peek ? Channel.again(datagram.passage) : datagram.passage.arrive();
                }
            }
        }
        if (!peek) {
            wakeSenders();
        }
        if (dropped != null) {
            dropped.drop();
        }
        int wanted = (int) Math.min(datagram.length, data.remaining());
        long moved = -Errno.EFAULT;
        try {
            moved = queued.copy(datagram, data, wanted, buffer);
        } finally {
            queued.free(datagram);
            if (moved < wanted) {
                release(task, files); // a datagram that cannot be read is gone, and what came with it
            }
        }
        if (moved < wanted) {
            return -Errno.EFAULT;
        }
        if (message == null) {
            return moved;
        }
        message.files = files;
        return tell(datagram, message, moved);
    }

    private static void release(Task task, FileDescription[] files) {
        for (int i = 0; files != null && i < files.length; i++) {
            files[i].release(task);
        }
    }

    private static long tell(Datagram datagram, Message message, long moved) {
        System.arraycopy(datagram.from, 0, message.address, 0, datagram.from.length);
        message.addressLength = datagram.from.length;
        Sender.tell(Sender.orUnknown(datagram.sender), message);
        message.fullLength = datagram.length;
        if (moved < datagram.length) {
            message.resultFlags |= MSG_TRUNC;
            if ((message.flags & MSG_TRUNC) != 0) {
                return datagram.length;
            }
        }
        return moved;
    }

    @Override
    public void dropCarried() {
        queued.dropCarried();
    }

    // ---- errors, ends and readiness

    final void setError(int errno) {
        try (Mutex _ = lock.take()) {
            error = errno;
        }
        queue.wake(Poll.POLLERR | Poll.POLLIN | Poll.POLLOUT);
    }

    private int takeErrorLocked() {
        int e = error;
        error = 0;
        return e;
    }

    @Override
    final int takeError() {
        try (Mutex _ = lock.take()) {
            return takeErrorLocked();
        }
    }

    @Override
    public Socket accept(Task task) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    @Override
    public long shutdown(Task task, int how) {
        if (!hasPeer()) {
            return -Errno.ENOTCONN;
        }
        try (Mutex _ = lock.take()) {
            readShut |= how != SHUT_WR;
            writeShut |= how != SHUT_RD;
        }
        queue.wake(Poll.POLLIN | Poll.POLLOUT | Poll.POLLHUP | Poll.POLLRDHUP);
        wakeSenders();
        return 0;
    }

    @Override
    public int poll(FileDescription file) {
        // Without the own lock: two that are connected may ask about each other.
        DatagramSocket receiver = reliable() ? connected() : null;
        boolean writable = receiver == null || !receiver.hasNoRoomFor(this);
        return writable ? readiness() | Poll.POLLOUT | Poll.POLLWRNORM : readiness();
    }

    private int readiness() {
        try (Mutex _ = lock.take()) {
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
    }

    @Override
    final boolean listening() {
        return false;
    }

    @Override
    final int available() {
        try (Mutex _ = lock.take()) {
            Datagram first = queued.first();
            return first == null ? 0 : first.length;
        }
    }

    /** Both who waits for room here and who waits here for room elsewhere look again. */
    @Override
    final void buffersChanged() {
        wakeSenders();
        queue.wake(Poll.POLLOUT | Poll.POLLWRNORM);
    }

    @Override
    public void release(FileDescription file) {
        unbind();
        queued.close();
        uncharge();
        wakeSenders();
        waitingAt.forEach(receiver -> receiver.forget(this));
    }
}
