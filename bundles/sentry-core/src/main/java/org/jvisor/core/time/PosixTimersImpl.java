// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.CpuClock;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup.PosixTimers;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** The timers of timer_create(2) of one process. Any thread. */
public final class PosixTimersImpl implements PosixTimers, Restorable {

    /** Linux counts timers among the queued signals that RLIMIT_SIGPENDING limits; a fixed number does here. */
    private static final int TIMERS_MAX = 1024;

    private final ThreadGroupImpl group;
    private final KernelClock scheduler;

    private final Mutex lock = new Mutex(LockRank.PROCESS_TIMERS);
    /** Guarded by the lock. */
    private final TreeMap<Integer, PosixTimer> timers = new TreeMap<>();

    public PosixTimersImpl(ThreadGroupImpl group, KernelClock scheduler) {
        this.group = group;
        this.scheduler = scheduler;
    }

    @Override
    public long create(int clock, CpuClock used, int notify, int signal, long value, int tid) {
        TaskImpl target = null;
        if ((notify & Signals.SIGEV_THREAD_ID) != 0) {
            Task task = group.task(tid);
            if (task == null) {
                return -Errno.EINVAL;
            }
            target = (TaskImpl) task;
        }
        boolean silent = notify == Signals.SIGEV_NONE;
        if (!silent && !Signals.isValid(signal)) {
            return -Errno.EINVAL;
        }
        if (used == null && !isOfDay(clock)) {
            return -Errno.EINVAL;
        }
        try (Mutex _ = lock.take()) {
            if (timers.size() >= TIMERS_MAX || !group.cgroup().tryCharge(Charge.POSIX_TIMER, 1)) {
                return -Errno.EAGAIN;
            }
            int id = 0;
            while (timers.containsKey(id)) {
                id++;
            }
            timers.put(id, new PosixTimer(group, target, scheduler, clock, used, id, silent ? 0 : signal,
                    value == Long.MIN_VALUE ? id : value));
            return id;
        }
    }

    private static boolean isOfDay(int clock) {
        return switch (clock) {
            case Clock.CLOCK_REALTIME, Clock.CLOCK_MONOTONIC, Clock.CLOCK_BOOTTIME, Clock.CLOCK_TAI,
                    Clock.CLOCK_REALTIME_ALARM, Clock.CLOCK_BOOTTIME_ALARM -> true;
            default -> false;
        };
    }

    private PosixTimer timer(int id) {
        try (Mutex _ = lock.take()) {
            return timers.get(id);
        }
    }

    @Override
    public long settime(int id, int flags, long valueNs, long intervalNs, long[] old) {
        PosixTimer timer = timer(id);
        if (timer == null) {
            return -Errno.EINVAL;
        }
        timer.set((flags & Clock.TIMER_ABSTIME) != 0, valueNs, intervalNs, old);
        return 0;
    }

    @Override
    public long gettime(int id, long[] current) {
        PosixTimer timer = timer(id);
        if (timer == null) {
            return -Errno.EINVAL;
        }
        timer.current(current);
        return 0;
    }

    @Override
    public long overrun(int id) {
        PosixTimer timer = timer(id);
        return timer == null ? -Errno.EINVAL : timer.overrun();
    }

    @Override
    public long delete(int id) {
        PosixTimer timer;
        try (Mutex _ = lock.take()) {
            timer = timers.remove(id);
        }
        if (timer == null) {
            return -Errno.EINVAL;
        }
        timer.set(false, 0, 0, null);
        group.cgroup().uncharge(Charge.POSIX_TIMER, 1);
        return 0;
    }

    public void deleteAll() {
        try (Mutex _ = lock.take()) {
            timers.values().forEach(timer -> timer.set(false, 0, 0, null));
            group.cgroup().uncharge(Charge.POSIX_TIMER, timers.size());
            timers.clear();
        }
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord("posix timers", 1).putCore("group", group)
                    .put("ids", timers.keySet().stream().mapToLong(Integer::longValue).toArray())
                    .putCores("timers", List.copyOf(timers.values()));
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            timers.clear();
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.expectCore("group", group);
            long[] ids = record.getLongs("ids");
            List<Object> saved = record.cores("timers");
            for (int i = 0; i < ids.length; i++) {
                timers.put((int) ids[i], (PosixTimer) saved.get(i));
            }
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        try (Mutex _ = lock.take()) {
            timers.values().forEach(visitor);
        }
    }
}
