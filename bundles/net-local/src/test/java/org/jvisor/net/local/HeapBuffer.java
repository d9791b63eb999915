// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.mm.IoBuffer;

/** A program's buffer, in an array. */
final class HeapBuffer implements IoBuffer {

    final byte[] bytes;
    private int at;

    HeapBuffer(byte[] bytes) {
        this.bytes = bytes;
    }

    HeapBuffer rewind() {
        at = 0;
        return this;
    }

    @Override
    public long remaining() {
        return bytes.length - at;
    }

    @Override
    public long span() {
        throw new UnsupportedOperationException("sockets copy");
    }

    @Override
    public long spanLength() {
        throw new UnsupportedOperationException("sockets copy");
    }

    @Override
    public void advance(long count) {
        at += (int) count;
    }

    @Override
    public long put(byte[] source, int offset, int length) {
        System.arraycopy(source, offset, bytes, at, length);
        at += length;
        return length;
    }

    @Override
    public long get(byte[] target, int offset, int length) {
        int count = Math.min(length, bytes.length - at);
        System.arraycopy(bytes, at, target, offset, count);
        at += count;
        return count;
    }
}
