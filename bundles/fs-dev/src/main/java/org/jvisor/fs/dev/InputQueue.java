// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.Arrays;
import org.jvisor.api.state.StateRecord;

/**
 * What was typed and not yet read: a ring, in which canonical mode marks where lines end (termios(3)). What lies behind the last
 * mark is the line being edited. Guarded by the terminal's lock. Reading copies first and takes away
 * then what has reached the reader; what comes between is behind it.
 */
final class InputQueue {

    /** MAX_CANON and more: the longest line is one shorter, so that its end always fits. */
    static final int CAPACITY = 4096;
    private static final int MASK = CAPACITY - 1;

    private static final byte PLAIN = 0;
    private static final byte LINE_END = 1;
    /** The byte stands for an end of file and is not read. */
    private static final byte FILE_END = 2;

    private final byte[] bytes = new byte[CAPACITY];
    private final byte[] marks = new byte[CAPACITY];
    private int tail;
    private int count;

    /** Bytes, from the tail on, of lines that are complete. */
    private int complete;

    /** Changes when what is there goes otherwise than by reading. */
    private int generation;

    // ---- hand-over

    void save(StateRecord record) {
        byte[] saved = new byte[count];
        byte[] savedMarks = new byte[count];
        for (int i = 0; i < count; i++) {
            saved[i] = bytes[tail + i & MASK];
            savedMarks[i] = marks[tail + i & MASK];
        }
        record.put("input", saved).put("inputMarks", savedMarks).put("inputComplete", complete);
    }

    void adopt(StateRecord record) {
        byte[] saved = record.getBytes("input");
        byte[] savedMarks = record.getBytes("inputMarks");
        int length = saved == null ? 0 : saved.length;
        complete = record.getInt("inputComplete", 0);
        if (length > CAPACITY || length > 0 && (savedMarks == null || savedMarks.length != length) || complete > length) {
            throw record.refuse("input", "does not fit together");
        }
        for (int i = 0; i < length; i++) {
            put(saved[i], savedMarks[i]);
        }
    }

    int count() {
        return count;
    }

    int complete() {
        return complete;
    }

    int editing() {
        return count - complete;
    }

    boolean full() {
        return count >= CAPACITY - 1;
    }

    /** Whether {@code c} fits; one place stays free for the end of a line. */
    boolean add(int c) {
        if (full()) {
            return false;
        }
        put(c, PLAIN);
        return true;
    }

    void addLineEnd(int c) {
        end(c, LINE_END);
    }

    void addFileEnd() {
        end(0, FILE_END);
    }

    private void end(int c, byte mark) {
        if (count < CAPACITY) {
            put(c, mark);
        } else {
            marks[tail + count - 1 & MASK] = mark;
        }
        complete = count;
    }

    private void put(int c, byte mark) {
        int at = tail + count & MASK;
        bytes[at] = (byte) c;
        marks[at] = mark;
        count++;
    }

    /** The byte {@code back} places before the end of the line being edited, which is longer; 0 is the last one. */
    int fromEnd(int back) {
        return bytes[tail + count - 1 - back & MASK] & 0xff;
    }

    /** The byte at {@code index} of the line being edited. */
    int edited(int index) {
        return bytes[tail + complete + index & MASK] & 0xff;
    }

    void dropLast(int howMany) {
        count -= howMany;
    }

    int generation() {
        return generation;
    }

    void clear() {
        generation++;
        count = 0;
        complete = 0;
        Arrays.fill(marks, PLAIN);
    }

    /** ICANON has changed: without it all can be read; with it what is there counts as a line. */
    void setCanonical(boolean canonical) {
        Arrays.fill(marks, PLAIN);
        complete = 0;
        if (canonical && count > 0) {
            marks[tail + count - 1 & MASK] = LINE_END;
            complete = count;
        }
    }

    /** Copies up to one line, without a mark of the end of file; 0 at such a mark alone. Some line is complete. */
    int peekLine(byte[] into, int most) {
        int wanted = Math.min(most, complete);
        int length = 0;
        while (length < wanted && marks[tail + length & MASK] == PLAIN) {
            length++;
        }
        if (length < wanted && marks[tail + length & MASK] == LINE_END) {
            length++;
        }
        return peek(into, length);
    }

    /** Copies whatever is there. */
    int peek(byte[] into, int most) {
        int length = Math.min(most, count);
        int first = Math.min(length, CAPACITY - tail);
        System.arraycopy(bytes, tail, into, 0, first);
        System.arraycopy(bytes, 0, into, first, length - first);
        return length;
    }

    /** Takes away what was copied. */
    void consume(int howMany) {
        for (int i = 0; i < howMany; i++) {
            marks[tail + i & MASK] = PLAIN;
        }
        tail = tail + howMany & MASK;
        count -= howMany;
        complete = Math.max(0, complete - howMany);
    }

    /** A read that has got all before a mark of the end of file takes it along. */
    void consumeFileEnd() {
        if (complete > 0 && marks[tail] == FILE_END) {
            consume(1);
        }
    }

    /** What FIONREAD says in canonical mode: the complete lines, without marks of the end of file. */
    int readable() {
        int fileEnds = 0;
        for (int i = 0; i < complete; i++) {
            if (marks[tail + i & MASK] == FILE_END) {
                fileEnds++;
            }
        }
        return complete - fileEnds;
    }
}
