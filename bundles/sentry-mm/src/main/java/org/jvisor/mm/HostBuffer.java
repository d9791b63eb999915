// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;

/** A buffer over memory at addresses of the Sentry. */
final class HostBuffer implements IoBuffer {

    private final HostKernel host;
    private long address;
    private long remaining;

    HostBuffer(HostKernel host, long address, long length) {
        this.host = host;
        this.address = address;
        remaining = length;
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
        return remaining;
    }

    @Override
    public void advance(long bytes) {
        if (bytes < 0 || bytes > remaining) {
            throw new IllegalArgumentException(bytes + " of " + remaining);
        }
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
