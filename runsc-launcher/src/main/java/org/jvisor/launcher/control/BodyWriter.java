// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.function.Consumer;
import org.jvisor.launcher.ByteStrings;

/** Writes a frame's body: 8 bytes a number, most significant first; a text is its length and its bytes. */
public final class BodyWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);

    public void number(long value) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            out.write((int) (value >>> shift));
        }
    }

    public void bool(boolean value) {
        number(value ? 1 : 0);
    }

    public void text(String value) {
        blob(ByteStrings.bytes(value));
    }

    public void blob(byte[] value) {
        number(value.length);
        out.writeBytes(value);
    }

    public <T> void list(List<T> values, Consumer<T> writeOne) {
        number(values.size());
        values.forEach(writeOne);
    }

    public byte[] bytes() {
        return out.toByteArray();
    }
}
