// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/** A process of one task on a fake address space, which accesses memory as a CPU would: by the platform's mappings and faults. */
final class Process {

    private static final int MAX_FAULTS = 5;

    final MemorySystem system;
    final HostKernel host;
    final Manager mm;
    final FakeSpace space;
    final Task task;
    final UserMemory memory;
    final Map<Integer, Long> limits = new HashMap<>();
    boolean privileged;
    /** Whether the task is to end. */
    volatile boolean exiting;
    /** What the platform says of faults. */
    boolean accessKnown;
    boolean codeKnown;
    int faults;

    private final Registers registers = new Registers();
    private final byte[] scratch = new byte[4096];

    final Cgroup cgroup;

    Process(MemorySystem system) {
        this(system, new Cgroup(null));
    }

    Process(MemorySystem system, Cgroup cgroup) {
        this(system, system.newManager(FakeSpace::new, cgroup));
    }

    private Process(MemorySystem system, Manager mm) {
        this.system = system;
        this.mm = mm;
        cgroup = mm.payer;
        host = system.host;
        space = (FakeSpace) mm.space();
        ThreadGroup group = (ThreadGroup) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {ThreadGroup.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "softLimit" -> limits.getOrDefault((Integer) arguments[0], Rlimit.RLIM_INFINITY);
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        Process self = this;
        task = (Task) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Task.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "group" -> group;
                    case "cgroup" -> cgroup;
                    case "context" -> space.context;
                    case "mm" -> mm;
                    case "memory" -> self.memory;
                    case "registers" -> registers;
                    case "scratch" -> scratch;
                    case "interrupted" -> false;
                    case "exiting" -> self.exiting;
                    case "hasCapability" -> self.privileged;
                    case "toString" -> "task";
                    case "hashCode" -> System.identityHashCode(proxy);
                    case "equals" -> proxy == arguments[0];
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        memory = mm.newUserMemory(task);
    }

    Process fork() {
        Process child = new Process(system, (Manager) mm.fork(task, new Cgroup(cgroup.parent())));
        child.accessKnown = accessKnown;
        return child;
    }

    void exit() {
        mm.release(task);
    }

    long mmap(long length, int prot, int flags) {
        return mm.mmap(task, 0, length, prot, flags, null, 0);
    }

    long anonymous(long pages) {
        return mmap(pages * Pte.PAGE, Mman.PROT_READ | Mman.PROT_WRITE, Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS);
    }

    /** Loads a byte: 0 to 255, or the negated signal that the access gets. */
    int load(long address) {
        return access(address, Context.ACCESS_READ, (byte) 0);
    }

    /** Stores a byte: 0, or the negated signal. */
    int store(long address, int value) {
        return access(address, Context.ACCESS_WRITE, (byte) value);
    }

    private int access(long address, int access, byte value) {
        for (int i = 0; i < MAX_FAULTS; i++) {
            space.carryOut();
            FakeSpace.Page page = space.pages.get(address & -Pte.PAGE);
            // A page that can be written can be read on x86.
            if (page != null && (page.prot() & access) != 0) {
                long at = system.file.base() + page.frame() + (address & Pte.PAGE - 1);
                if (access == Context.ACCESS_READ) {
                    return host.getByte(at) & 0xff;
                }
                host.putByte(at, value);
                return 0;
            }
            faults++;
            space.lastSignalCode = !codeKnown ? 0 : page == null ? Signals.SEGV_MAPERR : Signals.SEGV_ACCERR;
            int signal = mm.fault(task, address, accessKnown ? access : Context.ACCESS_UNKNOWN);
            if (signal != 0) {
                return -(signal >>> 16);
            }
        }
        throw new AssertionError("access at " + Long.toHexString(address) + " faults for ever");
    }
}
