// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;

/**
 * What goes to the master: output, processed as c_oflag says (termios(3)), and echo. Keeps count of the column. Guarded by the
 * terminal's monitor.
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
    private int column;

    OutputQueue(Settings settings) {
        this.settings = settings;
    }

    // ---- hand-over

    void save(StateRecord record) {
        byte[] saved = new byte[count];
        for (int i = 0; i < count; i++) {
            saved[i] = bytes[head + i & MASK];
        }
        record.put("output", saved).put("outputColumn", column);
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
    }

    int count() {
        return count;
    }

    int column() {
        return column;
    }

    /** How many bytes a writer can give now, whatever they become. */
    int room() {
        int room = Math.max(0, CAPACITY - FOR_ECHO - count);
        return !settings.output(OPOST) ? room : room / (settings.expandsTabs() ? TAB_WIDTH : 2);
    }

    void clear() {
        count = 0;
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
        if (count < CAPACITY) {
            bytes[head + count & MASK] = (byte) c;
            count++;
        }
    }

    long read(IoBuffer target) {
        int length = (int) Math.min(target.remaining(), count);
        int first = Math.min(length, CAPACITY - head);
        long moved = target.put(bytes, head, first);
        if (moved == first && length > first) {
            moved += Math.max(0, target.put(bytes, 0, length - first));
        }
        if (moved > 0) {
            head = head + (int) moved & MASK;
            count -= (int) moved;
        }
        return moved;
    }
}
