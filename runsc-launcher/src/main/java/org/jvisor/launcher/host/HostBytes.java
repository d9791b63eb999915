// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import org.jvisor.api.abi.SyscallNr;
import org.jvisor.launcher.RunscException;

/** What a file holds, in memory of the host's: it may be more than runsc's heap has room for. */
public final class HostBytes implements AutoCloseable {
    private final HostCalls calls;
    private final long address;
    private int length;

    private HostBytes(HostCalls calls, long address) {
        this.calls = calls;
        this.address = address;
    }

    /**
     * Reads to the file's end.
     *
     * @param most a longer one is refused, before it has been read
     * @param name of the file, for messages
     */
    public static HostBytes readAll(HostCalls calls, int fd, int most, String name) {
        // The host has a page for it no sooner than something is written there.
        HostBytes bytes = new HostBytes(calls, calls.host().allocate(most + 1L));
        boolean read = false;
        try {
            bytes.read(fd, most, name);
            read = true;
            return bytes;
        } finally {
            if (!read) {
                bytes.close();
            }
        }
    }

    private void read(int fd, int most, String name) {
        for (long count = 1; count > 0; length += (int) count) {
            if (length > most) {
                throw new RunscException(name + " is larger than " + (most >> 20) + " MiB");
            }
            count = HostCalls.check(calls.host().syscall(SyscallNr.READ, fd, address + length, most + 1L - length), "reading " + name);
        }
    }

    public long address() {
        return address;
    }

    public int length() {
        return length;
    }

    @Override
    public void close() {
        calls.host().free(address);
    }
}
