// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.state.StateRecord;

/**
 * What goes to the master: output, processed as c_oflag says (termios(3)), and echo. While output is stopped, what comes is held: there
 * is an end to what the master can read. Keeps count of the column. Guarded by the terminal's lock. Reading copies first and takes
 * away then, as from the {@link InputQueue}.
 */
final class OutputQueue {

    private static final int CAPACITY = 1 << 14;
    private static final int MASK = CAPACITY - 1;

    /** What writers leave to the echo. */
    private static final int FOR_ECHO = 1 << 12;
    private static final int TAB_WIDTH = 8;

    private final Settings settings;
    private final byte[] bytes = new byte[CAPACITY];
    private int head;
    private int count;
    /** How many of these the master can read. */
    private int released;

    private boolean holds;
    /** Places for what a writer is just fetching, which echo leaves free. */
    private int reserved;

    private int column;

    /** Changes when what is there goes otherwise than by reading. */
    private int generation;

    OutputQueue(Settings settings) {
        this.settings = settings;
    }

    // ---- hand-over

    void save(StateRecord record) {
        byte[] saved = new byte[count];
        for (int i = 0; i < count; i++) {
            saved[i] = bytes[head + i & MASK];
        }
        record.put("output", saved).put("outputHeld", count - released).put("outputHolds", holds).put("outputColumn", column);
    }

    void adopt(StateRecord record) {
        byte[] saved = record.getBytes("output");
        if (saved != null && saved.length > CAPACITY) {
            throw record.refuse("output", "is too long");
        }
        for (int i = 0; saved != null && i < saved.length; i++) {
            put(saved[i]);
        }
        column = record.getInt("outputColumn", 0);
        holds = record.getBoolean("outputHolds", false);
        released = count - record.getInt("outputHeld", 0);
        if (released < 0 || released > count) {
            throw record.refuse("outputHeld", "is not a part of the output");
        }
    }

    /** What the master can read now. */
    int readable() {
        return released;
    }

    /** What comes from now on is held, or all that was is released. */
    void hold(boolean on) {
        holds = on;
        if (!on) {
            released = count;
        }
    }

    int column() {
        return column;
    }

    /** How many bytes a writer can give now, whatever they become. */
    int room() {
        return free() / (!settings.output(OPOST) ? 1 : settings.expandsTabs() ? TAB_WIDTH : 2);
    }

    private int free() {
        return Math.max(0, CAPACITY - FOR_ECHO - count);
    }

    /** A writer is about to fetch up to {@code most} bytes, which will find their places, whatever the settings are then. */
    int reserve(int most) {
        int some = Math.min(most, free() / TAB_WIDTH);
        reserved = some * TAB_WIDTH;
        return some;
    }

    void endReservation() {
        reserved = 0;
    }

    int generation() {
        return generation;
    }

    void clear() {
        generation++;
        count = 0;
        released = 0;
    }

    /** What is sent past all that is held, unprocessed (the characters of flow control). */
    void addUrgent(int c) {
        if (count == CAPACITY - reserved) {
            return;
        }
        for (int i = count; i > released; i--) {
            bytes[head + i & MASK] = bytes[head + i - 1 & MASK];
        }
        bytes[head + released & MASK] = (byte) c;
        count++;
        released++;
    }

    /** Adds {@code c} processed; drops it where there is no room, as happens to echo alone. */
    void add(int c) {
        if (settings.output(OPOST)) {
            process(c);
        } else {
            put(c);
        }
    }

    private void process(int c) {
        switch (c) {
            case '\n' -> {
                if (settings.output(ONLRET)) {
                    column = 0;
                }
                if (settings.output(ONLCR)) {
                    column = 0;
                    put('\r');
                }
                put('\n');
            }
            case '\r' -> carriageReturn();
            case '\t' -> {
                int spaces = TAB_WIDTH - (column & TAB_WIDTH - 1);
                column += spaces;
                if (settings.expandsTabs()) {
                    for (int i = 0; i < spaces; i++) {
                        put(' ');
                    }
                } else {
                    put('\t');
                }
            }
            case '\b' -> {
                if (column > 0) {
                    column--;
                }
                put(c);
            }
            default -> {
                int shown = settings.output(OLCUC) && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
                if (!isControl(c) && !(settings.input(IUTF8) && isContinuation(c))) {
                    column++;
                }
                put(shown);
            }
        }
    }

    private void carriageReturn() {
        if (settings.output(ONOCR) && column == 0) {
            return;
        }
        if (settings.output(OCRNL)) {
            if (settings.output(ONLRET)) {
                column = 0;
            }
            put('\n');
        } else {
            column = 0;
            put('\r');
        }
    }

    static boolean isControl(int c) {
        return c < ' ' || c == 0x7f;
    }

    /** A byte of an UTF-8 character other than its first. */
    static boolean isContinuation(int c) {
        return (c & 0xc0) == 0x80;
    }

    private void put(int c) {
        if (count < CAPACITY - reserved) {
            bytes[head + count & MASK] = (byte) c;
            count++;
            released += holds ? 0 : 1;
        }
    }

    /** Copies what the master can read. */
    int peek(byte[] into, int offset, int most) {
        int length = Math.min(most, released);
        int first = Math.min(length, CAPACITY - head);
        System.arraycopy(bytes, head, into, offset, first);
        System.arraycopy(bytes, 0, into, offset + first, length - first);
        return length;
    }

    /** Takes away what was copied. */
    void consume(int howMany) {
        head = head + howMany & MASK;
        count -= howMany;
        released -= howMany;
    }
}
