// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;

/** Memory that comes in spans of a given length at most, as application memory does. */
final class SpanBuffer implements IoBuffer {
    private final HostKernel host;
    private final long longest;
    private long address;
    private long remaining;

    SpanBuffer(HostKernel host, long address, long length, long longest) {
        this.host = host;
        this.address = address;
        this.longest = longest;
        remaining = length;
    }

    /** Begins again. */
    SpanBuffer at(long newAddress, long length) {
        address = newAddress;
        remaining = length;
        return this;
    }

    @Override
    public long remaining() {
        return remaining;
    }

    @Override
    public long span() {
        return address;
    }

    @Override
    public long spanLength() {
        return Math.min(remaining, longest);
    }

    @Override
    public void advance(long bytes) {
        address += bytes;
        remaining -= bytes;
    }

    @Override
    public long put(byte[] source, int offset, int length) {
        int n = (int) Math.min(length, remaining);
        host.copyOut(source, offset, n, address);
        advance(n);
        return n;
    }

    @Override
    public long get(byte[] target, int offset, int length) {
        int n = (int) Math.min(length, remaining);
        host.copyIn(address, target, offset, n);
        advance(n);
        return n;
    }
}
