// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.ref.Cleaner;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;

/**
 * A buffer over a Java array. Who asks for a span gets memory outside the heap, which is written back to (or was filled from) the
 * array around it: nobody says beforehand which of the two it will be, so both are done.
 */
final class ArrayBuffer implements IoBuffer {

    private static final Cleaner CLEANER = Cleaner.create();
    private static final int SPAN = 16 * 1024;

    private final HostKernel host;
    private final byte[] bytes;
    private int position;
    private final int end;

    /** The span's memory; 0 as long as nobody asked for one. */
    private long memory;
    private int spanLength;

    ArrayBuffer(HostKernel host, byte[] bytes, int offset, int length) {
        this.host = host;
        this.bytes = bytes;
        position = offset;
        end = offset + length;
    }

    @Override
    public long remaining() {
        return end - position;
    }

    @Override
    public long span() {
        if (memory == 0) {
            memory = host.allocate(Math.min(SPAN, Math.max(1, end - position)));
            CLEANER.register(this, new Free(host, memory));
        }
        spanLength = Math.min(SPAN, end - position);
        host.copyOut(bytes, position, spanLength, memory);
        return memory;
    }

    @Override
    public long spanLength() {
        return spanLength;
    }

    @Override
    public void advance(long moved) {
        if (moved < 0 || moved > spanLength) {
            throw new IllegalArgumentException(moved + " of " + spanLength);
        }
        int n = (int) moved;
        host.copyIn(memory, bytes, position, n);
        position += n;
        spanLength = 0;
    }

    @Override
    public long put(byte[] source, int offset, int length) {
        int n = Math.min(length, end - position);
        System.arraycopy(source, offset, bytes, position, n);
        position += n;
        return n;
    }

    @Override
    public long get(byte[] target, int offset, int length) {
        int n = Math.min(length, end - position);
        System.arraycopy(bytes, position, target, offset, n);
        position += n;
        return n;
    }

    private record Free(HostKernel host, long memory) implements Runnable {
        @Override
        public void run() {
            host.free(memory);
        }
    }
}
