// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.PipeSysctl;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.wait.WaitQueue;

/**
 * What the two ends of a pipe, or all that opened a FIFO, share: the bytes on their way, and how many ends of each kind are open
 * (pipe(7)). The bytes lie in a ring of frames of the memory file, so that they count as the sandbox's memory; the ring starts
 * with one page and grows with what is written, up to the capacity.
 *
 * <p>The lock guards the bytes. It is held over faults of the application's pages, so nothing else needs it: ends come and go, and
 * readiness is told, without. What somebody may wait for is written before the queue is woken, outside of the lock.
 */
public final class PipeBuffer implements Restorable {

    private static final int READ_EVENTS = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM;

    private static final int MOST_BYTES = 1 << 30;

    private final MemoryFile file;
    private final HostKernel host;
    private final WaitQueue queue = new WaitQueue();

    private final KillableLock lock = new KillableLock(LockRank.PIPE);
    /** See {@link org.jvisor.api.vfs.Vfs.Pipe#taking}. */
    final KillableLock taking = new KillableLock(LockRank.PIPE_TAKING);

    private final AtomicInteger readers = new AtomicInteger();
    private final AtomicInteger writers = new AtomicInteger();

    /** How often an end of the kind was opened: what a FIFO's opener waits to change (fifo(7)). */
    private final AtomicInteger readerOpens = new AtomicInteger();
    private final AtomicInteger writerOpens = new AtomicInteger();

    /** Read without the lock by whoever asks for readiness. */
    private volatile int capacity = Splice.PIPE_DEF_SIZE;

    /**
     * Offset of the ring in the memory file, its size (0 or a power of two), the first byte's index and the count of bytes, which is
     * read without the lock, too.
     */
    private long ringOffset;
    private int ringSize;
    private int head;
    private volatile int count;

    /** Boundaries of packets (O_DIRECT, pipe(2)); null while everything in the pipe is a plain stream. */
    private PacketBounds bounds;
    /** How many packets and stretches those are: a packet takes one of the places that a page of the capacity is, however short it is. */
    private volatile int places;

    /** @param file as who is charged for the ring has it */
    public PipeBuffer(MemoryFile file, HostKernel host) {
        this.file = file;
        this.host = host;
    }

    WaitQueue queue() {
        return queue;
    }

    // ---- the ends

    void addReader() {
        readers.incrementAndGet();
        readerOpens.incrementAndGet();
    }

    void addWriter() {
        writers.incrementAndGet();
        writerOpens.incrementAndGet();
    }

    void removeReader() {
        readers.decrementAndGet();
        freeWhenUnused();
        queue.wake(WRITE_EVENTS | Poll.POLLERR | Poll.POLLHUP);
    }

    void removeWriter() {
        writers.decrementAndGet();
        freeWhenUnused();
        queue.wake(READ_EVENTS | Poll.POLLHUP);
    }

    private boolean isUnused() {
        return readers.get() == 0 && writers.get() == 0;
    }

    /** Who is in a read or a write has an end, so the lock is free; but a FIFO may just be opened anew. */
    private void freeWhenUnused() {
        if (!isUnused()) {
            return;
        }
        lock.lockAlways();
        try {
            if (isUnused() && ringSize != 0) {
                file.release(ringOffset, ringSize / MemoryFile.PAGE);
                ringSize = 0;
                head = 0;
                count = 0;
                setBounds(null);
            }
        } finally {
            lock.unlock();
        }
    }

    int readers() {
        return readers.get();
    }

    int writers() {
        return writers.get();
    }

    int readerOpens() {
        return readerOpens.get();
    }

    int writerOpens() {
        return writerOpens.get();
    }

    // ---- bytes

    /** The count moved; 0 when no end can write any more; -EAGAIN when there is nothing yet. */
    long read(IoBuffer target) {
        long moved;
        boolean wake;
        lock.lock();
        try {
            if (count == 0) {
                return nothing(target);
            }
            // Writers that wait found less than PIPE_BUF bytes of room, the others had no reason to.
            wake = isFull();
            moved = bounds == null ? take(target, count) : takePackets(target);
        } finally {
            lock.unlock();
        }
        if (wake && moved > 0) {
            queue.wake(WRITE_EVENTS);
        }
        return moved;
    }

    private long nothing(IoBuffer target) {
        return writers() == 0 || target.remaining() == 0 ? 0 : -Errno.EAGAIN;
    }

    /** Copies what {@link #read} would take, and leaves it there (tee(2)). */
    long peek(IoBuffer target) {
        lock.lock();
        try {
            return count == 0 ? nothing(target) : copyOut(target, count);
        } finally {
            lock.unlock();
        }
    }

    /** Drops up to {@code bytes} from the front; how many. */
    long discard(long bytes) {
        int dropped;
        boolean wake;
        lock.lockAlways();
        try {
            dropped = (int) Math.min(bytes, count);
            wake = dropped > 0 && isFull();
            consume(dropped);
            if (bounds != null) {
                setBounds(bounds.drop(dropped));
            }
        } finally {
            lock.unlock();
        }
        if (wake) {
            queue.wake(WRITE_EVENTS);
        }
        return dropped;
    }

    private long take(IoBuffer target, int most) {
        long moved = copyOut(target, most);
        if (moved > 0) {
            consume((int) moved);
        }
        return moved;
    }

    /** Reads up to the end of the first packet, whose rest is lost when the buffer is too short (pipe(2), O_DIRECT). */
    private long takePackets(IoBuffer target) {
        if (target.remaining() == 0) {
            return 0;
        }
        if (!bounds.firstIsPacket()) {
            long moved = take(target, bounds.firstLength());
            if (moved > 0) {
                setBounds(bounds.drop((int) moved));
            }
            return moved;
        }
        int packet = bounds.firstLength();
        long moved = take(target, packet);
        if (moved < 0) {
            return moved;
        }
        consume(packet - (int) moved);
        setBounds(bounds.drop(packet));
        return moved;
    }

    private long copyOut(IoBuffer target, int most) {
        int mask = ringSize - 1;
        int moved = 0;
        while (moved < most && target.remaining() > 0) {
            long address = target.span();
            if (address < 0) {
                return moved > 0 ? moved : address;
            }
            int from = head + moved & mask;
            int chunk = (int) Math.min(target.spanLength(), Math.min(most - moved, ringSize - from));
            host.copy(ringAddress() + from, address, chunk);
            target.advance(chunk);
            moved += chunk;
        }
        return moved;
    }

    private void consume(int bytes) {
        count -= bytes;
        head = count == 0 ? 0 : head + bytes & ringSize - 1;
    }

    /**
     * Up to PIPE_BUF bytes go in as a whole or not at all (-EAGAIN), more as far as there is room.
     *
     * @param packets whether what is written is kept apart from what else is (O_DIRECT)
     * @return the count, -EPIPE when nobody can read, -EAGAIN
     */
    long write(IoBuffer source, boolean packets) {
        long moved;
        lock.lock();
        try {
            if (readers() == 0) {
                return -Errno.EPIPE;
            }
            long wanted = source.remaining();
            if (wanted == 0) {
                return 0;
            }
            int room = capacity - count;
            int atOnce = (int) Math.min(wanted, Splice.PIPE_BUF);
            if ((wanted <= Splice.PIPE_BUF || packets ? room < atOnce : room == 0) || !hasPlace()) {
                return -Errno.EAGAIN;
            }
            int chunk = packets ? atOnce : (int) Math.min(wanted, room);
            reserve(chunk);
            moved = copyIn(source, chunk);
            if (moved > 0 && (packets || bounds != null)) {
                PacketBounds more = bounds == null ? new PacketBounds(count - (int) moved) : bounds;
                more.append((int) moved, packets);
                setBounds(more);
            }
        } finally {
            lock.unlock();
        }
        if (moved > 0) {
            queue.wake(READ_EVENTS);
        }
        return moved;
    }

    private void setBounds(PacketBounds now) {
        bounds = now;
        places = now == null ? 0 : now.count();
    }

    private boolean hasPlace() {
        return places < capacity / MemoryFile.PAGE;
    }

    /** Whether a writer may find no room. */
    private boolean isFull() {
        return capacity - count < Splice.PIPE_BUF || !hasPlace();
    }

    private long copyIn(IoBuffer source, int most) {
        int mask = ringSize - 1;
        int moved = 0;
        while (moved < most) {
            long address = source.span();
            if (address < 0) {
                count += moved;
                return moved > 0 ? moved : address;
            }
            int to = head + count + moved & mask;
            int chunk = (int) Math.min(source.spanLength(), Math.min(most - moved, ringSize - to));
            host.copy(address, ringAddress() + to, chunk);
            source.advance(chunk);
            moved += chunk;
        }
        count += moved;
        return moved;
    }

    private void reserve(int bytes) {
        int needed = count + bytes;
        if (needed > ringSize) {
            resizeRing(Math.max(MemoryFile.PAGE, Integer.highestOneBit(needed - 1) << 1));
        }
    }

    private void resizeRing(int newSize) {
        long newOffset = file.allocate(newSize / MemoryFile.PAGE);
        if (ringSize != 0) {
            long to = file.base() + newOffset;
            int first = Math.min(count, ringSize - head);
            host.copy(ringAddress() + head, to, first);
            host.copy(ringAddress(), to + first, count - first);
            file.release(ringOffset, ringSize / MemoryFile.PAGE);
        }
        ringOffset = newOffset;
        ringSize = newSize;
        head = 0;
    }

    private long ringAddress() {
        return file.base() + ringOffset;
    }

    // ---- size and readiness

    int available() {
        return count;
    }

    int room() {
        return hasPlace() ? capacity - count : 0;
    }

    public int capacity() {
        return capacity;
    }

    /**
     * F_SETPIPE_SZ of fcntl(2): rounded up to a power of two pages; -EBUSY when what is in it would not fit, -ENOMEM for more than
     * {@link #MOST_BYTES}.
     */
    public long setCapacity(int bytes) {
        if (bytes < 0) {
            return -Errno.EINVAL;
        }
        if (bytes > MOST_BYTES) {
            return -Errno.ENOMEM;
        }
        int rounded = (int) PipeSysctl.rounded(bytes);
        lock.lock();
        try {
            if (count > rounded || places > rounded / MemoryFile.PAGE) {
                return -Errno.EBUSY;
            }
            if (ringSize > rounded) {
                resizeRing(rounded);
            }
            capacity = rounded;
        } finally {
            lock.unlock();
        }
        queue.wake(WRITE_EVENTS);
        return rounded;
    }

    /** @param openedAtWriter {@link #writerOpens} when the end was opened: a FIFO is not hung up before somebody wrote */
    int pollRead(int openedAtWriter) {
        // In the reverse order of a writer that comes, writes and leaves.
        boolean hadWriter = writerOpens() != openedAtWriter;
        int events = hadWriter && writers() == 0 ? Poll.POLLHUP : 0;
        return count > 0 ? events | READ_EVENTS : events;
    }

    int pollWrite() {
        int events = isFull() ? 0 : WRITE_EVENTS;
        return readers() == 0 ? events | Poll.POLLERR : events;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("pipe", 1).put("readers", readers()).put("writers", writers()).put("readerOpens", readerOpens())
                .put("writerOpens", writerOpens()).put("capacity", capacity).put("ringOffset", ringOffset).put("ringSize", ringSize)
                .put("head", head).put("count", count).put("places", places)
                .put("bounds", bounds == null ? null : bounds.toArray());
    }

    /** The ring's frames stay this pipe's. */
    @Override
    public void forget() {
        readers.set(0);
        writers.set(0);
        readerOpens.set(0);
        writerOpens.set(0);
        capacity = 0;
        ringOffset = 0;
        ringSize = 0;
        head = 0;
        count = 0;
        bounds = null;
        places = 0;
    }

    @Override
    public void restore(StateRecord record) {
        readers.set(record.requireInt("readers"));
        writers.set(record.requireInt("writers"));
        readerOpens.set(record.requireInt("readerOpens"));
        writerOpens.set(record.requireInt("writerOpens"));
        capacity = record.requireInt("capacity");
        ringOffset = record.requireLong("ringOffset");
        ringSize = record.requireInt("ringSize");
        head = record.requireInt("head");
        count = record.requireInt("count");
        bounds = record.has("bounds") ? PacketBounds.of(record.getLongs("bounds")) : null;
        places = record.requireInt("places");
    }
}
