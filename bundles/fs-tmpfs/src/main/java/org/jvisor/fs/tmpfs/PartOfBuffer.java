// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.mm.IoBuffer;

/** The first bytes of another buffer. */
final class PartOfBuffer implements IoBuffer {

    private final IoBuffer buffer;
    private long left;

    PartOfBuffer(IoBuffer buffer, long bytes) {
        this.buffer = buffer;
        left = bytes;
    }

    @Override
    public long remaining() {
        return Math.min(left, buffer.remaining());
    }

    @Override
    public long span() {
        return buffer.span();
    }

    @Override
    public long spanLength() {
        return Math.min(left, buffer.spanLength());
    }

    @Override
    public void advance(long bytes) {
        buffer.advance(bytes);
        left -= bytes;
    }

    @Override
    public long put(byte[] source, int offset, int length) {
        return count(buffer.put(source, offset, (int) Math.min(length, left)));
    }

    @Override
    public long get(byte[] target, int offset, int length) {
        return count(buffer.get(target, offset, (int) Math.min(length, left)));
    }

    private long count(long moved) {
        if (moved > 0) {
            left -= moved;
        }
        return moved;
    }
}
