// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.StateRecord;

/**
 * The connection to the gofer, with the numbers of fids. Who is killed waits for no answer; what an answer that comes later has
 * made is put in order then. Any thread.
 */
final class GoferClient {
    static final int ROOT_FID = 0;
    /** Fids that are not needed any more are given back in batches. */
    private static final int CLUNK_BATCH = 32;
    /** At most so many in a message. */
    private static final int CLUNK_MOST = 1024;
    /** No more messages than these wait for answers that nobody waits for, when fids are to be given back. */
    private static final int POSTS_MOST = 8;
    /** Room for a path of as many names as there can be in a walk. */
    private static final int MIN_MESSAGE = 8192;
    /** How long a hand-over waits for answers that nobody waits for. */
    private static final long SETTLE_NS = 1_000_000_000;

    /** Another object once the transport's bundle is replaced. */
    private volatile P9Channel channel;
    private final int messageSize;
    private final ExchangePool exchanges;
    final ScratchPool scratch;

    /** Requests that nobody waits for any more. */
    private final AtomicInteger unanswered = new AtomicInteger();
    /** Of these, changes; and how often that number has changed. */
    private final AtomicInteger changes = new AtomicInteger();
    private final AtomicLong changesVersion = new AtomicLong();

    private final Mutex lock = new Mutex(LockRank.P9_CLIENT);
    /** Fid numbers that can be used again. Guarded by the lock, as is all below. */
    private int[] free = new int[64];

    private int freeCount;
    private int nextFid = ROOT_FID + 1;
    /** Fids to be given back. */
    private int[] unwanted = new int[CLUNK_BATCH];

    private int unwantedCount;

    /**
     * Begins a session and attaches {@link #ROOT_FID}.
     *
     * @throws ErrnoException EPROTO for a server that does not speak 9P2000.L.jvisor
     */
    GoferClient(HostKernel host, P9Channel channel) {
        this.channel = channel;
        scratch = new ScratchPool(host);
        exchanges = new ExchangePool(channel.messageSize());
        Exchange e = exchanges.take();
        P9Requests.version(e.request, channel.messageSize(), P9.VERSION_JVISOR);
        ErrnoException.check(channel.call(e.request, e.reply));
        messageSize = e.reply.getInt();
        boolean spoken = e.reply.getString().equals(P9.VERSION_JVISOR);
        if (!spoken || messageSize < MIN_MESSAGE || messageSize > channel.messageSize()) {
            throw ErrnoException.of(Errno.EPROTO);
        }
        P9Requests.attach(e.request, ROOT_FID, P9.NOFID, "", "", 0);
        ErrnoException.check(channel.call(e.request, e.reply));
        give(e);
    }

    // ---- hand-over

    /** What {@link #save} wrote; the session goes on. */
    GoferClient(StateRecord record, HostKernel host) {
        channel = record.requireOwn("channel", P9Channel.class);
        scratch = new ScratchPool(host);
        exchanges = new ExchangePool(channel.messageSize());
        messageSize = record.requireInt("messageSize");
        nextFid = record.requireInt("nextFid");
        free = ints(record.getLongs("freeFids"), free.length);
        freeCount = record.getInt("freeFidCount", 0);
        unwanted = ints(record.getLongs("unwantedFids"), CLUNK_BATCH);
        unwantedCount = record.getInt("unwantedFidCount", 0);
    }

    void save(StateRecord record) {
        settleAll(record);
        try (Mutex _ = lock.take()) {
            record.putAny("channel", channel).put("messageSize", messageSize).put("nextFid", nextFid)
                    .put("freeFids", longs(free, freeCount)).put("freeFidCount", freeCount)
                    .put("unwantedFids", longs(unwanted, unwantedCount)).put("unwantedFidCount", unwantedCount);
        }
    }

    /** Before anything is saved: what an answer that comes later changes would be missing from the record. */
    void settleAll(StateRecord record) {
        if (unanswered.get() > 0 && !channel.await(() -> unanswered.get() == 0, System.nanoTime() + SETTLE_NS)) {
            throw record.refuse("requests", "the file server has not answered all");
        }
    }

    private static long[] longs(int[] numbers, int count) {
        return Arrays.stream(numbers, 0, count).asLongStream().toArray();
    }

    private static int[] ints(long[] numbers, int atLeast) {
        int[] all = new int[Math.max(atLeast, numbers == null ? 0 : numbers.length)];
        for (int i = 0; numbers != null && i < numbers.length; i++) {
            all[i] = (int) numbers[i];
        }
        return all;
    }

    void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "9P channel", () -> 0, P9Channel.class, () -> channel, fresh -> channel = fresh);
    }

    /** Its successor has the session: only what it has for itself goes. */
    void retire() {
        scratch.free();
    }

    // ---- asking

    int messageSize() {
        return messageSize;
    }

    /**
     * What a question is written in; a thread takes one at a time.
     *
     * @throws ErrnoException EINTR when the calling thread's task is killed before there is one
     */
    Exchange take() {
        return exchanges.take();
    }

    void give(Exchange exchange) {
        exchanges.give(exchange);
    }

    /** @throws ErrnoException the gofer's error, EIO when it is gone, or EINTR when the calling thread's task is killed */
    void call(Exchange e) {
        ErrnoException.check(tryCall(e));
    }

    /** The length of the reply or a negative errno. An answer that comes after the caller was killed is dropped. */
    long tryCall(Exchange e) {
        long result = channel.call(e.request, e.reply);
        return result == -Errno.EINPROGRESS ? -Errno.EINTR : result;
    }

    /** {@link #call} for a request that changes something. */
    void call(Exchange e, Change change) {
        long result = channel.call(e.request, e.reply, counted(change));
        if (result == -Errno.EINPROGRESS) {
            unanswered.incrementAndGet();
            change.left();
            throw ErrnoException.of(Errno.EINTR);
        }
        if (result < 0) {
            change.failed();
            throw ErrnoException.of((int) -result);
        }
    }

    /**
     * Twalkattr: {@code names[first]} and so on, each in what the one before led to.
     *
     * @param fids new ones, one a name
     * @return the length of the reply, and those fids are the caller's; or a negative errno, and they are given back
     */
    long walk(Exchange e, int from, int[] fids, String[] names, int first, int count) {
        P9Requests.walkattr(e.request, from, fids, names, first, count);
        long result = channel.call(e.request, e.reply, counted(_ -> clunkLater(fids, count)));
        if (result == -Errno.EINPROGRESS) {
            unanswered.incrementAndGet();
            return -Errno.EINTR;
        }
        for (int i = 0; i < count && result < 0; i++) {
            freeFid(fids[i]);
        }
        return result;
    }

    private P9Channel.LateReply counted(P9Channel.LateReply late) {
        return result -> {
            late.answered(result);
            unanswered.decrementAndGet();
        };
    }

    /** Takes in answers that nobody waits for until {@code done} holds. @throws ErrnoException EINTR as in {@link #call} */
    void await(BooleanSupplier done) {
        if (!channel.await(done, Long.MAX_VALUE)) {
            throw ErrnoException.of(channel.isDead() ? Errno.EIO : Errno.EINTR);
        }
    }

    /** So many more changes (or less) wait for their answers. */
    void changesLeft(int more) {
        changes.addAndGet(more);
        changesVersion.incrementAndGet();
    }

    boolean hasChangesLeft() {
        return changes.get() != 0;
    }

    long changesVersion() {
        return changesVersion.get();
    }

    // ---- fids

    int newFid() {
        try (Mutex _ = lock.take()) {
            return freeCount > 0 ? free[--freeCount] : nextFid++;
        }
    }

    int[] newFids(int count) {
        int[] fids = new int[count];
        try (Mutex _ = lock.take()) {
            for (int i = 0; i < count; i++) {
                fids[i] = freeCount > 0 ? free[--freeCount] : nextFid++;
            }
        }
        return fids;
    }

    /** A number that no file got. */
    void freeFid(int fid) {
        try (Mutex _ = lock.take()) {
            if (freeCount == free.length) {
                free = Arrays.copyOf(free, freeCount * 2);
            }
            free[freeCount++] = fid;
        }
    }

    /** Gives a fid back, sooner or later. Waits for nothing. */
    void clunk(int fid) {
        boolean full;
        try (Mutex _ = lock.take()) {
            keepUnwanted(fid);
            full = unwantedCount >= CLUNK_BATCH;
        }
        if (full) {
            flushClunks();
        }
    }

    /** Gives fids back, of which some may stand for nothing, along with the next ones. */
    private void clunkLater(int[] fids, int count) {
        try (Mutex _ = lock.take()) {
            for (int i = 0; i < count; i++) {
                keepUnwanted(fids[i]);
            }
        }
    }

    /** The same for one, of a request whose answer came late. */
    void clunkLater(int fid) {
        clunkLater(new int[] {fid}, 1);
    }

    /** With the lock. */
    private void keepUnwanted(int fid) {
        if (unwantedCount == unwanted.length) {
            unwanted = Arrays.copyOf(unwanted, unwantedCount * 2);
        }
        unwanted[unwantedCount++] = fid;
    }

    /** Gives back all fids that are due: of unlinked files whose space the host is to have now. Waits for nothing. */
    void flushClunks() {
        int[] fids;
        while (unanswered.get() < POSTS_MOST && (fids = takeUnwanted()).length > 0) {
            P9Message request = new P9Message(P9Message.HEADER + Short.BYTES + fids.length * Integer.BYTES);
            P9Requests.clunkmany(request, fids, fids.length);
            int[] all = fids;
            unanswered.incrementAndGet();
            if (!channel.post(request, result -> clunked(all, result))) {
                unanswered.decrementAndGet();
                // The gofer has enough to do: another time.
                clunkLater(fids, fids.length);
                return;
            }
        }
    }

    private int[] takeUnwanted() {
        try (Mutex _ = lock.take()) {
            int count = Math.min(unwantedCount, CLUNK_MOST);
            unwantedCount -= count;
            return Arrays.copyOfRange(unwanted, unwantedCount, unwantedCount + count);
        }
    }

    /** When that fails the connection is dead, and so is every fid. */
    private void clunked(int[] fids, long result) {
        for (int i = 0; i < fids.length && result >= 0; i++) {
            freeFid(fids[i]);
        }
        unanswered.decrementAndGet();
    }

    boolean isDead() {
        return channel.isDead();
    }

    void close() {
        channel.close();
        scratch.free();
    }
}
