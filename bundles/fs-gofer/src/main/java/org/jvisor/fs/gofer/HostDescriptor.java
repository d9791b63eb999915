// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** A descriptor that the gofer has sent, closed with its last user. */
final class HostDescriptor implements Stateful {
    private final HostKernel host;
    final int number;
    final boolean writable;
    private final AtomicInteger users = new AtomicInteger(1);

    HostDescriptor(HostKernel host, int number, boolean writable) {
        this.host = host;
        this.number = number;
        this.writable = writable;
    }

    /** What {@link #save} wrote; the users are the successors of those that there were. */
    HostDescriptor(StateRecord record, HostKernel host) {
        this(host, record.requireInt("number"), record.getBoolean("writable", false));
        users.set(record.requireInt("users"));
    }

    @Override
    public StateRecord save() {
        return new StateRecord(GoferDriver.DESCRIPTOR, GoferDriver.SCHEMA).put("number", number).put("writable", writable)
                .put("users", users.get());
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
