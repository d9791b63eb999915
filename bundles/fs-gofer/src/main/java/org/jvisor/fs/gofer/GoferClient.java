// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.StateRecord;

/** The connection to the gofer, with the numbers of fids. Any thread. */
final class GoferClient {
    static final int ROOT_FID = 0;
    /** Fids that are not needed any more are given back in batches. */
    private static final int CLUNK_BATCH = 32;

    private final HostKernel host;
    /** Another object once the transport's bundle is replaced. */
    private volatile P9Channel channel;
    private final int messageSize;

    /** Guarded by itself. */
    private final ArrayDeque<Exchange> idle = new ArrayDeque<>();

    /** Fid numbers that can be used again. Guarded by this, as is all below. */
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
        this.host = host;
        this.channel = channel;
        Exchange e = new Exchange(host, channel.messageSize());
        P9Requests.version(e.request, channel.messageSize(), P9.VERSION_JVISOR);
        ErrnoException.check(channel.call(e.request, e.reply));
        messageSize = e.reply.getInt();
        if (!e.reply.getString().equals(P9.VERSION_JVISOR) || messageSize > channel.messageSize()) {
            throw ErrnoException.of(Errno.EPROTO);
        }
        P9Requests.attach(e.request, ROOT_FID, P9.NOFID, "", "", 0);
        ErrnoException.check(channel.call(e.request, e.reply));
        give(e);
    }

    // ---- hand-over

    /** What {@link #save} wrote; the session goes on. */
    GoferClient(StateRecord record, HostKernel host) {
        this.host = host;
        channel = record.requireOwn("channel", P9Channel.class);
        messageSize = record.requireInt("messageSize");
        nextFid = record.requireInt("nextFid");
        free = ints(record.getLongs("freeFids"), free.length);
        freeCount = record.getInt("freeFidCount", 0);
        unwanted = ints(record.getLongs("unwantedFids"), CLUNK_BATCH);
        unwantedCount = record.getInt("unwantedFidCount", 0);
    }

    synchronized void save(StateRecord record) {
        record.putAny("channel", channel).put("messageSize", messageSize).put("nextFid", nextFid)
                .put("freeFids", longs(free, freeCount)).put("freeFidCount", freeCount)
                .put("unwantedFids", longs(unwanted, unwantedCount)).put("unwantedFidCount", unwantedCount);
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
        freeExchanges();
    }

    private void freeExchanges() {
        synchronized (idle) {
            for (Exchange exchange : idle) {
                host.free(exchange.scratch);
            }
            idle.clear();
        }
    }

    int messageSize() {
        return messageSize;
    }

    Exchange take() {
        Exchange exchange;
        synchronized (idle) {
            exchange = idle.poll();
        }
        return exchange != null ? exchange : new Exchange(host, channel.messageSize());
    }

    void give(Exchange exchange) {
        synchronized (idle) {
            idle.push(exchange);
        }
    }

    /** @throws ErrnoException the gofer's error, or EIO when it is gone */
    void call(Exchange e) {
        ErrnoException.check(channel.call(e.request, e.reply));
    }

    /** The length of the reply or a negative errno. */
    long tryCall(Exchange e) {
        return channel.call(e.request, e.reply);
    }

    synchronized int newFid() {
        return freeCount > 0 ? free[--freeCount] : nextFid++;
    }

    /** A number that no file got. */
    synchronized void freeFid(int fid) {
        if (freeCount == free.length) {
            int[] more = new int[freeCount * 2];
            System.arraycopy(free, 0, more, 0, freeCount);
            free = more;
        }
        free[freeCount++] = fid;
    }

    /** Gives a fid back, sooner or later. */
    void clunk(int fid) {
        boolean full;
        synchronized (this) {
            keepUnwanted(fid);
            full = unwantedCount % CLUNK_BATCH == 0;
        }
        if (full) {
            flushClunks();
        }
    }

    /** With the monitor. */
    private void keepUnwanted(int fid) {
        if (unwantedCount == unwanted.length) {
            unwanted = Arrays.copyOf(unwanted, unwantedCount * 2);
        }
        unwanted[unwantedCount++] = fid;
    }

    /** Gives back all fids that are due: of unlinked files whose space the host is to have now. */
    void flushClunks() {
        int[] fids;
        int count;
        synchronized (this) {
            count = unwantedCount;
            if (count == 0) {
                return;
            }
            fids = unwanted;
            unwanted = new int[CLUNK_BATCH];
            unwantedCount = 0;
        }
        Exchange e = take();
        P9Requests.clunkmany(e.request, fids, count);
        long result = tryCall(e);
        give(e);
        if (result == -Errno.EINTR) {
            // The caller is killed and does not wait: somebody else gives them back.
            synchronized (this) {
                for (int i = 0; i < count; i++) {
                    keepUnwanted(fids[i]);
                }
            }
        }
        // When that fails otherwise the connection is dead, and so is every fid.
        for (int i = 0; i < count && result >= 0; i++) {
            freeFid(fids[i]);
        }
    }

    boolean isDead() {
        return channel.isDead();
    }

    void close() {
        channel.close();
        freeExchanges();
    }
}
