// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.PollfdLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/** Waits until some of a few descriptors can be read or have come to their end: poll(2). One thread. */
public final class Poll implements AutoCloseable {
    private static final short POLLIN = 1;

    private final HostKernel host;
    private final long at;
    private int[] descriptors;

    public Poll(HostKernel host, int... descriptors) {
        this.host = host;
        this.descriptors = descriptors.clone();
        this.at = host.allocate((long) descriptors.length * PollfdLayout.SIZE);
    }

    /** No longer waits for this one. */
    public void drop(int descriptor) {
        descriptors = Arrays.stream(descriptors).filter(fd -> fd != descriptor).toArray();
    }

    /** Waits without end. A signal ends the wait with nothing ready. */
    public void await() {
        await(-1);
    }

    /** The same for so long at most; below 0: without end. */
    public void await(int millis) {
        for (int i = 0; i < descriptors.length; i++) {
            long entry = at + (long) i * PollfdLayout.SIZE;
            host.putInt(entry + PollfdLayout.FD, descriptors[i]);
            host.putShort(entry + PollfdLayout.EVENTS, POLLIN);
            host.putShort(entry + PollfdLayout.REVENTS, (short) 0);
        }
        long result = host.syscall(SyscallNr.POLL, at, descriptors.length, millis);
        if (result == -Errno.EINTR) {
            clear();
        } else {
            HostCalls.check(result, "poll");
        }
    }

    private void clear() {
        for (int i = 0; i < descriptors.length; i++) {
            host.putShort(at + (long) i * PollfdLayout.SIZE + PollfdLayout.REVENTS, (short) 0);
        }
    }

    public boolean isReady(int descriptor) {
        for (int i = 0; i < descriptors.length; i++) {
            if (descriptors[i] == descriptor) {
                return host.getShort(at + (long) i * PollfdLayout.SIZE + PollfdLayout.REVENTS) != 0;
            }
        }
        return false;
    }

    @Override
    public void close() {
        host.free(at);
    }
}
