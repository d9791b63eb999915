// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;

/**
 * Where the bytes lie that are on their way between sockets: in frames of the memory file, so that they count as applications'
 * memory, and the Sentry's heap has none of them. All that this bundle knows of frames. Any thread.
 */
final class SocketMemory {

    static final int PAGE = MemoryFile.PAGE;
    static final long NONE = -1;

    private final Memory memory;
    private final MemoryFile file;
    private final HostKernel host;

    SocketMemory(Memory memory, HostKernel host) {
        this.memory = memory;
        file = memory.file();
        this.host = host;
    }

    /**
     * Takes frames that follow each other. May wait, so no mutex is held.
     *
     * @param payer who is charged for them
     * @param bytes a multiple of {@link #PAGE}
     * @return where they are, or {@link #NONE}
     */
    long take(Cgroup payer, int bytes) {
        try {
            return memory.file(payer).allocate(bytes / PAGE);
        } catch (ErrnoException e) {
            return NONE;
        }
    }

    /** Whoever is just copying may go on with it: the frames are not another's before its call ends or faults. */
    void give(long place, int bytes) {
        file.release(place, bytes / PAGE);
    }

    /** One more holds the frames, and {@link #give}s them back. */
    void keep(long place, int bytes) {
        file.retain(place, bytes / PAGE);
    }

    /** Takes up to {@code count} bytes into frames that the caller holds: the count, or an error when none was taken. */
    long fill(long place, IoBuffer source, int count) {
        int done = 0;
        while (done < count) {
            long from = source.span();
            if (from < 0) {
                return done > 0 ? done : from;
            }
            int n = (int) Math.min(count - done, source.spanLength());
            host.copy(from, address(place) + done, n);
            source.advance(n);
            done += n;
        }
        return done;
    }

    /** Copies up to {@code count} bytes out of frames that the caller holds: the count, or an error when none was copied. */
    long drain(long place, IoBuffer target, int count) {
        int done = 0;
        while (done < count) {
            long to = target.span();
            if (to < 0) {
                return done > 0 ? done : to;
            }
            int n = (int) Math.min(count - done, target.spanLength());
            host.copy(address(place) + done, to, n);
            target.advance(n);
            done += n;
        }
        return done;
    }

    /** Good until the calling task's call ends or faults. */
    long address(long place) {
        return file.base() + place;
    }

    void copy(long from, long to, long length) {
        host.copy(from, to, length);
    }

    void copyIn(long from, byte[] target, int offset, int length) {
        host.copyIn(from, target, offset, length);
    }

    void copyOut(byte[] source, int offset, int length, long to) {
        host.copyOut(source, offset, length, to);
    }
}
