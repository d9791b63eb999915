// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.nio.charset.StandardCharsets;

/** Text in the making, one char a byte, with the number formats that /proc uses. */
final class Text {
    private final StringBuilder b = new StringBuilder(512);

    Text add(String s) {
        b.append(s);
        return this;
    }

    Text add(char c) {
        b.append(c);
        return this;
    }

    Text add(long value) {
        b.append(value);
        return this;
    }

    Text addUnsigned(long value) {
        b.append(Long.toUnsignedString(value));
        return this;
    }

    /** Right-aligned. */
    Text right(long value, int width) {
        return right(Long.toString(value), width);
    }

    Text right(String value, int width) {
        spaces(width - value.length());
        b.append(value);
        return this;
    }

    /** Left-aligned. */
    Text left(String value, int width) {
        b.append(value);
        return spaces(width - value.length());
    }

    /** Lower-case, with leading zeros up to {@code digits}. */
    Text hex(long value, int digits) {
        return zeros(Long.toHexString(value), digits);
    }

    Text octal(long value, int digits) {
        return zeros(Long.toOctalString(value), digits);
    }

    /** Decimal with leading zeros. */
    Text padded(long value, int digits) {
        return zeros(Long.toString(value), digits);
    }

    private Text zeros(String number, int digits) {
        for (int i = number.length(); i < digits; i++) {
            b.append('0');
        }
        b.append(number);
        return this;
    }

    Text spaces(int count) {
        for (int i = 0; i < count; i++) {
            b.append(' ');
        }
        return this;
    }

    /** Writes the characters of {@code special} as backslash and three octal digits. */
    Text escaped(String value, String special) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (special.indexOf(c) >= 0) {
                b.append('\\');
                octal(c, 3);
            } else {
                b.append(c);
            }
        }
        return this;
    }

    int length() {
        return b.length();
    }

    byte[] bytes() {
        return bytes(b.toString());
    }

    @Override
    public String toString() {
        return b.toString();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String string(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
