// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.host.HostCalls;

/**
 * The standard error of the Sentry and the gofer where they have no log: a pipe whose last lines runsc keeps, to say what a
 * process said before it died.
 */
final class LastWords implements AutoCloseable {
    private static final int KEPT = 4096;
    private static final int BLOCK = 4096;

    private final HostCalls calls;
    private final int readEnd;
    private int writeEnd;
    private String text = "";

    LastWords(HostCalls calls) {
        this.calls = calls;
        // Nobody is to wait for runsc because it has something to say.
        int[] ends = calls.pipe(Open.O_NONBLOCK);
        this.readEnd = ends[0];
        this.writeEnd = ends[1];
    }

    int readEnd() {
        return readEnd;
    }

    int writeEnd() {
        return writeEnd;
    }

    /** Once the processes are started, the pipe ends with them. */
    void closeWriteEnd() {
        calls.close(writeEnd);
        writeEnd = -1;
    }

    /** Takes what is there; whether there can be more. */
    boolean take() {
        long at = calls.host().allocate(BLOCK);
        try {
            for (;;) {
                long count = calls.host().syscall(SyscallNr.READ, readEnd, at, BLOCK);
                if (count <= 0) {
                    return count == -Errno.EAGAIN || count == -Errno.EINTR;
                }
                byte[] bytes = new byte[(int) count];
                calls.host().copyIn(at, bytes, 0, bytes.length);
                text += ByteStrings.of(bytes);
                text = text.substring(Math.max(0, text.length() - KEPT));
            }
        } finally {
            calls.host().free(at);
        }
    }

    /** The last line that was said, but for the lines of a stack, with ": " before it; empty when there is none. */
    String suffix() {
        String last = "";
        for (String line : text.split("\n")) {
            boolean isOfStack = line.startsWith("\t") || line.startsWith("   ");
            last = isOfStack || line.isBlank() ? last : line;
        }
        return last.isEmpty() ? "" : ": " + last.strip();
    }

    @Override
    public void close() {
        calls.close(readEnd);
        if (writeEnd >= 0) {
            calls.close(writeEnd);
        }
    }
}
