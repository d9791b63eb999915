// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** What all contexts and address spaces of one started platform share. */
final class Stubs implements Stateful {
    private final HostKernel host;
    private final Cpus cpus;
    private final FirstStub first;
    private final Reaper reaper;
    private final Balancer balancer;
    private final Set<PtraceAddressSpace> spaces = ConcurrentHashMap.newKeySet();

    Stubs(HostKernel host, int memoryFd) throws BootFailure {
        this.host = host;
        cpus = new Cpus(host);
        first = FirstStub.start(host, cpus, memoryFd);
        reaper = new Reaper(host);
        balancer = new Balancer(cpus);
        resume();
    }

    Stubs(HostKernel host, StateRecord record) {
        this.host = host;
        first = new FirstStub(host, record); // first, for it may refuse
        cpus = new Cpus(host, record);
        reaper = new Reaper(host);
        reaper.adopt(record);
        balancer = new Balancer(cpus);
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(PtraceDriver.STUBS, PtraceDriver.SCHEMA);
        first.save(record);
        cpus.save(record);
        reaper.save(record);
        record.putList("spaces");
        spaces.forEach(space -> record.add("spaces").putOwn("space", space)); // so that all are handed over
        return record;
    }

    @Override
    public void pause() {
        balancer.halt();
        reaper.halt();
        first.settle();
    }

    @Override
    public void resume() {
        balancer.start();
        reaper.start();
    }

    @Override
    public void retire() {
        free();
    }

    @Override
    public void discard() {
        free();
    }

    private void free() {
        reaper.free();
        first.retire();
        cpus.free();
    }

    PtraceAddressSpace newAddressSpace() {
        PtraceAddressSpace space = new PtraceAddressSpace(this);
        remember(space);
        return space;
    }

    PtraceContext newContext(AddressSpace space) {
        PtraceAddressSpace target = (PtraceAddressSpace) space;
        if (!target.claimLeader()) {
            throw new IllegalArgumentException("the address space has tasks");
        }
        target.startProcess();
        return new PtraceContext(this, target, PtraceContext.LEADER, cpus.current());
    }

    void remember(PtraceAddressSpace space) {
        spaces.add(space);
    }

    void forget(PtraceAddressSpace space) {
        spaces.remove(space);
    }

    /** @see FirstStub#takeCopy */
    int takeCopy() {
        return first.takeCopy();
    }

    Tracee newTracee() {
        return new Tracee(host, first.entries());
    }

    HostKernel host() {
        return host;
    }

    /** What getppid(2) gives in a stub. */
    int parent() {
        return first.parent();
    }

    ExtendedState extendedState() {
        return first.extendedState();
    }

    int dying() {
        return reaper.dying();
    }

    Reaper reaper() {
        return reaper;
    }

    Cpus cpus() {
        return cpus;
    }

    Balancer balancer() {
        return balancer;
    }

    void stop() {
        balancer.halt();
        spaces.forEach(PtraceAddressSpace::release);
        first.stop();
        reaper.stop();
    }
}
