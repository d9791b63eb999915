// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;

/** What all contexts and address spaces of one started platform share. */
final class Stubs {
    private final HostKernel host;
    private final FirstStub first;
    private final Reaper reaper;
    private final Cpus cpus;
    private final Balancer balancer;
    private final Set<PtraceAddressSpace> spaces = ConcurrentHashMap.newKeySet();

    Stubs(HostKernel host, int memoryFd) throws BootFailure {
        this.host = host;
        cpus = new Cpus(host);
        first = FirstStub.start(host, cpus, memoryFd);
        reaper = new Reaper(host);
        balancer = new Balancer(cpus);
    }

    PtraceAddressSpace newAddressSpace(int process) {
        PtraceAddressSpace space = new PtraceAddressSpace(this, process);
        spaces.add(space);
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

    void forget(PtraceAddressSpace space) {
        spaces.remove(space);
    }

    /** @see FirstStub#takeCopy */
    int takeCopy() {
        return first.takeCopy();
    }

    Tracee newTracee() {
        return new Tracee(host, first.image());
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
        balancer.stop();
        spaces.forEach(PtraceAddressSpace::release);
        first.stop();
        reaper.stop();
    }
}
