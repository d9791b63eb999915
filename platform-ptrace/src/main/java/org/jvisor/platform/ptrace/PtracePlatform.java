// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The platform "ptrace": application code runs in stub processes, stopped at each system call by PTRACE_SYSEMU (ptrace(2)). */
@Component(service = {Platform.class, HostCaller.class})
public final class PtracePlatform implements Platform, HostCaller, Stateful {
    private final HostKernel host;
    private Stubs stubs;

    @Activate
    public PtracePlatform(@Reference HostKernel host) {
        this.host = host;
    }

    PtracePlatform(HostKernel host, StateRecord record) {
        this.host = host;
        stubs = record.requireOwn("stubs", Stubs.class);
    }

    @Override
    public StateRecord save() {
        return new StateRecord(PtraceDriver.PLATFORM, PtraceDriver.SCHEMA).putOwn("stubs", stubs);
    }

    @Override
    public String name() {
        return "ptrace";
    }

    @Override
    public Probe probe() {
        return new GuestProbe(host).run();
    }

    @Override
    public void start(int memoryFd) {
        try {
            stubs = new Stubs(host, memoryFd);
        } catch (BootFailure e) {
            throw ErrnoException.of(e.errno());
        }
    }

    /**
     * Runs, stops, places, waits for and ends stubs. No signal to them but the two. By their ids, of which a filter can know none: in
     * the Sentry's own pid namespace there is nothing but its threads and stubs.
     */
    @Override
    public List<HostCall> hostCalls() {
        return HostCall.all(
            List.of(HostCall.of(SyscallNr.PTRACE).withLong(0, Tracee.REQUESTS),
                HostCall.of(SyscallNr.TGKILL).with(2, PtraceContext.KICK),
                HostCall.of(SyscallNr.KILL).withBits(0, 1L << 31, 0).with(1, Signals.SIGKILL)),
            HostCall.listOf(SyscallNr.WAIT4, SyscallNr.WAITID, SyscallNr.SCHED_SETAFFINITY, SyscallNr.GETCPU, SyscallNr.GETTID));
    }

    /** The stub's page is the last one. */
    @Override
    public long reservedBytes() {
        return UserSpace.TOP - StubImage.ADDRESS;
    }

    /** Stub processes that have been killed and that the host has not let go of yet. */
    int dying() {
        return stubs.dying();
    }

    /** @see FirstStub#takeCopy */
    int takeCopy() {
        return stubs.takeCopy();
    }

    @Override
    public AddressSpace newAddressSpace() {
        return stubs.newAddressSpace();
    }

    @Override
    public Context newContext(AddressSpace space) {
        return stubs.newContext(space);
    }

    @Override
    public void stop() {
        stubs.stop();
    }
}
