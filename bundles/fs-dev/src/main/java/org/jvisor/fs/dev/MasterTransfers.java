// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;

/** The same as {@link SlaveTransfers} for whoever has the master. */
final class MasterTransfers {

    private static final int CHUNK = 512;
    /** As much as Linux has for a read. */
    private static final int READ_BYTES = 4096;

    private final Terminal terminal;
    private final KillableLock reading = new KillableLock(LockRank.TERMINAL_TRANSFER);
    private final KillableLock writing = new KillableLock(LockRank.TERMINAL_TRANSFER);
    /** Used with the lock of its direction, as is the next. */
    private final byte[] read = new byte[READ_BYTES];

    private final byte[] written = new byte[CHUNK];

    MasterTransfers(Terminal terminal) {
        this.terminal = terminal;
    }

    /** With packet mode a status byte comes first (ioctl_tty(2), TIOCPKT); -EIO when no slave is open any more. */
    long read(IoBuffer target) {
        try (KillableLock _ = reading.take()) {
            int status;
            int header;
            int length;
            int generation;
            try (Mutex _ = terminal.lock.take()) {
                if (target.remaining() == 0) {
                    return 0;
                }
                OutputQueue output = terminal.output;
                status = terminal.packetStatus();
                header = terminal.packetMode() ? 1 : 0;
                read[0] = (byte) (status != 0 ? status : Termios.TIOCPKT_DATA);
                if (status == 0 && output.readable() == 0) {
                    return terminal.isLeft() ? -Errno.EIO : -Errno.EAGAIN;
                }
                int most = (int) Math.min(target.remaining(), read.length) - header;
                length = header + (status != 0 ? 0 : output.peek(read, header, most));
                generation = output.generation();
            }
            long moved = target.put(read, 0, length);
            if (moved > 0) {
                taken(status, (int) moved - header, generation);
            }
            return moved;
        }
    }

    private void taken(int status, int bytes, int generation) {
        boolean wake;
        try (Mutex _ = terminal.lock.take()) {
            OutputQueue output = terminal.output;
            terminal.packetStatusRead(status);
            boolean wasTight = output.room() < Terminal.WORTH_WAKING;
            // What was flushed meanwhile is gone already.
            if (output.generation() == generation) {
                output.consume(bytes);
            }
            wake = wasTight && output.room() >= Terminal.WORTH_WAKING;
        }
        if (wake) {
            terminal.slaveQueue().wake(Terminal.WRITE_EVENTS);
        }
    }

    /** What is typed. */
    long write(IoBuffer source) {
        long moved = 0;
        long result = 0;
        try (KillableLock _ = writing.take()) {
            int some;
            while (result >= 0 && source.remaining() > 0 && (some = roomForTyping(source.remaining())) > 0) {
                result = source.get(written, 0, some);
                if (result > 0) {
                    type((int) result);
                    moved += result;
                }
            }
        }
        if (moved > 0) {
            terminal.typed();
            return moved;
        }
        return result < 0 ? result : source.remaining() == 0 ? 0 : -Errno.EAGAIN;
    }

    private int roomForTyping(long wanted) {
        try (Mutex _ = terminal.lock.take()) {
            if (!terminal.discipline.accepts()) {
                return 0;
            }
            // One at a time where the end of the room is near: what is taken from the source cannot be given back. A character takes
            // at most two places (PARMRK).
            int room = Math.max(1, (InputQueue.CAPACITY - terminal.input.count()) / 2 - 1);
            return (int) Math.min(wanted, Math.min(CHUNK, room));
        }
    }

    private void type(int count) {
        try (Mutex _ = terminal.lock.take()) {
            for (int i = 0; i < count; i++) {
                terminal.discipline.receive(written[i] & 0xff);
            }
            terminal.noteTyping();
        }
    }
}
