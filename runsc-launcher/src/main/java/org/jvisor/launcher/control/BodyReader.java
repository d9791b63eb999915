// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jvisor.launcher.ByteStrings;

/** Reads what {@link BodyWriter} wrote. A body that ends too early is an IllegalArgumentException. */
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
        return Math.toIntExact(number());
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
        List<T> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(readOne.get());
        }
        return values;
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
