// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.host;

import java.util.UUID;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The host's random numbers (getrandom(2)): SecureRandom would look for its providers first, which takes longer than all else at a
 * sandbox's start. Any thread.
 */
public final class RandomBytes {

    private static final int CHUNK = 256;

    private final HostKernel host;
    private final Mutex lock = new Mutex(LockRank.LEAF);
    /** Guarded by the lock; lives as long as the process. */
    private final long buffer;

    public RandomBytes(HostKernel host) {
        this.host = host;
        this.buffer = host.allocate(CHUNK);
    }

    /** getrandom(2) is never short up to 256 bytes. */
    public void fill(byte[] target, int offset, int length) {
        try (Mutex _ = lock.take()) {
            for (int done = 0; done < length;) {
                int part = Math.min(CHUNK, length - done);
                ErrnoException.check(host.syscall(SyscallNr.GETRANDOM, buffer, part, 0));
                host.copyIn(buffer, target, offset + done, part);
                done += part;
            }
        }
    }

    /** A random UUID of RFC 4122, version 4. */
    public String uuid() {
        byte[] bytes = new byte[16];
        fill(bytes, 0, bytes.length);
        return new UUID(Long.reverseBytes(Bytes.getLong(bytes, 0)) & ~0xf000L | 0x4000L,
                Long.reverseBytes(Bytes.getLong(bytes, 8)) & ~(0xc0L << 56) | 0x80L << 56).toString();
    }

    /** A number of so many random bits. */
    public long bits(int count) {
        byte[] bytes = new byte[8];
        fill(bytes, 0, 8);
        return Bytes.getLong(bytes, 0) >>> 64 - count;
    }
}
