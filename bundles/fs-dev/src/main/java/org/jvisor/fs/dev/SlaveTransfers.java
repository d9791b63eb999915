// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;

/**
 * Moves bytes between a terminal's queues and programs that have the slave open: by way of a buffer, since application memory may not
 * be touched with the terminal's lock held. One read and one write at a time.
 */
final class SlaveTransfers {

    private static final int CHUNK = 512;

    private final Terminal terminal;
    private final KillableLock reading = new KillableLock(LockRank.TERMINAL_TRANSFER);
    private final KillableLock writing = new KillableLock(LockRank.TERMINAL_TRANSFER);
    /** Used with the lock of its direction, as is the next. */
    private final byte[] read = new byte[InputQueue.CAPACITY];

    private final byte[] written = new byte[CHUNK];

    SlaveTransfers(Terminal terminal) {
        this.terminal = terminal;
    }

    /** As many bytes as the settings let a read have now; -EAGAIN: wait. */
    long read(IoBuffer target, int minimum) {
        try (KillableLock _ = reading.take()) {
            int length;
            int generation;
            boolean canonical;
            try (Mutex _ = terminal.lock.take()) {
                if (terminal.isHungUp() || target.remaining() == 0) {
                    return 0;
                }
                InputQueue input = terminal.input;
                int most = (int) Math.min(target.remaining(), read.length);
                canonical = terminal.settings.canonical();
                if (canonical ? input.complete() == 0 : input.count() == 0 || input.count() < Math.min(minimum, most)) {
                    return -Errno.EAGAIN;
                }
                length = canonical ? input.peekLine(read, most) : input.peek(read, most);
                generation = input.generation();
            }
            long moved = length == 0 ? 0 : target.put(read, 0, length);
            return moved < 0 ? moved : taken((int) moved, canonical && moved == length, generation);
        }
    }

    private long taken(int moved, boolean endsLine, int generation) {
        boolean roomForMaster;
        try (Mutex _ = terminal.lock.take()) {
            boolean wasFull = !terminal.discipline.accepts();
            // What was flushed meanwhile is gone already.
            if (terminal.input.generation() == generation) {
                terminal.input.consume(moved);
                if (endsLine) {
                    terminal.input.consumeFileEnd();
                }
            }
            roomForMaster = wasFull && terminal.discipline.accepts();
        }
        if (roomForMaster) {
            terminal.masterQueue().wake(Terminal.WRITE_EVENTS);
        }
        return moved;
    }

    long write(IoBuffer source) {
        long moved = 0;
        long result = 0;
        try (KillableLock _ = writing.take()) {
            int some;
            while (result >= 0 && source.remaining() > 0 && (some = reserve(source.remaining())) != 0) {
                if (some < 0) {
                    result = some;
                    break;
                }
                int got = 0;
                try {
                    result = source.get(written, 0, some);
                    got = (int) Math.max(result, 0);
                } finally {
                    add(got);
                }
                moved += got;
            }
        }
        if (moved > 0) {
            terminal.masterQueue().wake(Terminal.READ_EVENTS);
            return moved;
        }
        return result < 0 ? result : source.remaining() == 0 ? 0 : -Errno.EAGAIN;
    }

    /** How many bytes can be written now; 0: wait; -EIO: there is nobody any more. */
    private int reserve(long wanted) {
        try (Mutex _ = terminal.lock.take()) {
            if (terminal.isHungUp()) {
                return -Errno.EIO;
            }
            return terminal.discipline.stopped() ? 0 : terminal.output.reserve((int) Math.min(wanted, CHUNK));
        }
    }

    private void add(int count) {
        try (Mutex _ = terminal.lock.take()) {
            terminal.output.endReservation();
            for (int i = 0; i < count; i++) {
                terminal.output.add(written[i] & 0xff);
            }
        }
    }
}
