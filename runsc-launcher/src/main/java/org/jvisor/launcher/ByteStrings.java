// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher;

import java.nio.charset.StandardCharsets;

/** Conversions of the strings that hold one char a byte, as all paths, names, arguments and environment entries do. */
public final class ByteStrings {

    private ByteStrings() {
    }

    public static String of(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** From Unicode, such as text of a JSON file, to its UTF-8 bytes. */
    public static String fromUnicode(String text) {
        return isAscii(text) ? text : of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** To Unicode; bytes that are not UTF-8 become replacement characters. */
    public static String toUnicode(String text) {
        return isAscii(text) ? text : new String(bytes(text), StandardCharsets.UTF_8);
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }
}
