// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.util.List;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.Vdso;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** The clock and the vDSO that reads it: one component, since they share the page of parameters. */
@Component(service = {KernelClock.class, Vdso.class, HostCaller.class})
public final class TimeService implements KernelClock, Vdso, HostCaller {
    private final HostKernel host;
    private final SandboxClock clock;
    private final TimerQueue timers;

    private volatile VdsoMapping vdso;

    /** Must run before the Sentry is sealed: reads /proc/cpuinfo, sets its thread's timer slack. */
    @Activate
    public TimeService(@Reference HostKernel host) {
        this.host = host;
        clock = new SandboxClock(new HostTime(host));
        timers = new TimerQueue(() -> host.syscall(SyscallNr.PRCTL, Prctl.PR_SET_TIMERSLACK, 1));
        timers.start();
        refreshIn(SandboxClock.FIRST_REFRESH_NS);
    }

    @Deactivate
    void stop() {
        timers.stop();
    }

    private void refreshIn(long delayNs) {
        timers.schedule(System.nanoTime() + delayNs, new Refresh());
    }

    /** The comparison of the clock with the host's. */
    private final class Refresh implements Target {

        @Override
        public String kind() {
            return CLOCK;
        }

        @Override
        public long object() {
            return 0;
        }

        @Override
        public int index() {
            return 0;
        }

        @Override
        public long intervalNs() {
            return 0;
        }

        /** One that fails is not the last. */
        @Override
        public void expired(Timer timer) {
            long nextNs = SandboxClock.FIRST_REFRESH_NS;
            try {
                nextNs = clock.refresh();
            } finally {
                refreshIn(nextNs);
            }
        }
    }

    @Override
    public List<HostCall> hostCalls() {
        return List.of(HostCall.of(SyscallNr.CLOCK_GETTIME), HostCall.of(SyscallNr.PRCTL).with(0, Prctl.PR_SET_TIMERSLACK));
    }

    @Override
    public long monotonicNs() {
        return clock.monotonicNs();
    }

    @Override
    public long realtimeNs() {
        return clock.realtimeNs();
    }

    @Override
    public Timer schedule(long deadlineNs, Target target) {
        return timers.schedule(deadlineNs, target);
    }

    @Override
    public List<Pending> pending() {
        return timers.pending();
    }

    @Override
    public boolean pause(long deadlineNs) {
        return timers.pause(deadlineNs);
    }

    @Override
    public void resume() {
        timers.resume();
    }

    @Override
    public long nanoTimeOffsetNs() {
        return clock.bootNs();
    }

    @Override
    public void start(Memory memory) {
        VdsoMapping mapping = new VdsoMapping(host, memory.file());
        ClockPage page = new ClockPage(host, memory.file().base() + mapping.pageFrame());
        page.setCpus(Runtime.getRuntime().availableProcessors());
        clock.publishTo(page);
        vdso = mapping;
    }

    @Override
    public long map(Task task, MemoryManager manager) {
        return vdso.map(task, manager);
    }
}
