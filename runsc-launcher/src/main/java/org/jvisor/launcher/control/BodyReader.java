// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jvisor.launcher.ByteStrings;

/**
 * Reads what {@link BodyWriter} wrote. Bytes of an untrusted peer: whatever does not fit is an IllegalArgumentException, and nothing is
 * made that is larger than the body allows.
 */
public final class BodyReader {
    private final byte[] body;
    private int position;

    public BodyReader(byte[] body) {
        this.body = body;
    }

    public long number() {
        int at = take(8);
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = value << 8 | body[at + i] & 0xff;
        }
        return value;
    }

    public int integer() {
        long value = number();
        if (value != (int) value) {
            throw new IllegalArgumentException("a number in a frame that is too large");
        }
        return (int) value;
    }

    public boolean bool() {
        return number() != 0;
    }

    public String text() {
        return ByteStrings.of(blob());
    }

    public byte[] blob() {
        int length = integer();
        int at = take(length);
        return Arrays.copyOfRange(body, at, at + length);
    }

    public <T> List<T> list(Supplier<T> readOne) {
        int count = integer();
        // Whatever is read takes bytes: so no more of them can follow.
        if (count < 0 || count > body.length - position) {
            throw new IllegalArgumentException("a list in a frame that is too long");
        }
        List<T> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(readOne.get());
        }
        return values;
    }

    /** Nothing may follow. */
    public void end() {
        if (position != body.length) {
            throw new IllegalArgumentException("a frame's body goes on behind its end");
        }
    }

    private int take(int bytes) {
        if (bytes < 0 || bytes > body.length - position) {
            throw new IllegalArgumentException("a frame's body ends too early");
        }
        int at = position;
        position += bytes;
        return at;
    }
}
