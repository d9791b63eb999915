// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.nio.charset.StandardCharsets;

/** Names as bytes and as strings of one char a byte. */
final class ByteNames {

    static String string(byte[] bytes, int offset, int length) {
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }

    static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Copies without allocating. */
    static void copy(String from, byte[] to, int offset) {
        for (int i = 0; i < from.length(); i++) {
            to[offset + i] = (byte) from.charAt(i);
        }
    }

    static boolean isDot(byte[] path, int offset, int length) {
        return length == 1 && path[offset] == '.';
    }

    static boolean isDotDot(byte[] path, int offset, int length) {
        return length == 2 && path[offset] == '.' && path[offset + 1] == '.';
    }

    private ByteNames() {
    }
}
