// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/** A descriptor that the gofer has sent, closed with its last user. */
final class HostDescriptor {
    private final HostKernel host;
    final int number;
    final boolean writable;
    private final AtomicInteger users = new AtomicInteger(1);

    HostDescriptor(HostKernel host, int number, boolean writable) {
        this.host = host;
        this.number = number;
        this.writable = writable;
    }

    /** The caller knows of a user that stays. */
    HostDescriptor retain() {
        users.incrementAndGet();
        return this;
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            host.syscall(SyscallNr.CLOSE, number);
        }
    }
}
