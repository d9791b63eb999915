// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.Locale;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;

/**
 * timerfd_create(2). An interval timer is not started anew at each of its expirations but when somebody looks: a tiny interval
 * then costs nothing while nobody reads. CLOCK_REALTIME never jumps inside the sandbox, so
 * TFD_TIMER_CANCEL_ON_SET is accepted and never cancels.
 */
public final class TimerFdFile implements Vfs.TimerFd, KernelClock.Target, Restorable {

    private static final int EVENTS = Poll.POLLIN | Poll.POLLRDNORM;

    private final HostKernel host;
    private final KernelClock clock;
    private final int clockId;
    private final WaitQueue queue = new WaitQueue();
    private volatile long descriptionId;
    private final Mutex mutex = new Mutex(LockRank.DESCRIPTION);

    /** When it expires next, in {@link System#nanoTime}'s terms; meaningless unless armed. */
    private long expiryNs;
    private boolean armed;
    private long intervalNs;
    /** Of the last timerfd_settime(2). */
    private int setFlags;
    private long expirations;
    private KernelClock.Timer timer;

    /** @param clockId CLOCK_REALTIME, MONOTONIC, BOOTTIME or an ALARM one, checked */
    public TimerFdFile(HostKernel host, KernelClock clock, int clockId) {
        this.host = host;
        this.clock = clock;
        this.clockId = clockId;
    }

    /** Called once, before anybody else has it. */
    public void setDescription(long id) {
        descriptionId = id;
    }

    @Override
    public String kind() {
        return DESCRIPTOR;
    }

    @Override
    public long object() {
        return descriptionId;
    }

    @Override
    public int index() {
        return 0;
    }

    @Override
    public long intervalNs() {
        try (Mutex _ = mutex.take()) {
            return intervalNs;
        }
    }

    @Override
    public long settime(Task task, int flags, long valueNs, long newIntervalNs, long[] old) {
        try (Mutex _ = mutex.take()) {
            catchUp();
            report(old);
            cancel();
            expirations = 0;
            setFlags = flags;
            intervalNs = newIntervalNs;
            armed = valueNs != 0;
            if (armed) {
                boolean absolute = (flags & Clock.TFD_TIMER_ABSTIME) != 0;
                expiryNs = addCapped(nanoTime(), absolute ? valueNs - nowNs() : valueNs);
                start();
            }
        }
        return 0;
    }

    @Override
    public void gettime(long[] current) {
        try (Mutex _ = mutex.take()) {
            catchUp();
            report(current);
        }
    }

    @Override
    public String info(Task reader) {
        try (Mutex _ = mutex.take()) {
            catchUp();
            long left = armed ? Math.max(0, expiryNs - nanoTime()) : 0;
            return String.format(Locale.ROOT, "clockid: %d\nticks: %d\nsettime flags: 0%o\nit_value: (%d, %d)\nit_interval: (%d, %d)\n", clockId,
                    expirations, setFlags, left / Clock.NSEC_PER_SEC, left % Clock.NSEC_PER_SEC, intervalNs / Clock.NSEC_PER_SEC,
                    intervalNs % Clock.NSEC_PER_SEC);
        }
    }

    /** {@link System#nanoTime}, as the sandbox's clock tells it. */
    private long nanoTime() {
        return clock.monotonicNs() + clock.nanoTimeOffsetNs();
    }

    private long nowNs() {
        return clockId == Clock.CLOCK_REALTIME || clockId == Clock.CLOCK_REALTIME_ALARM
                ? clock.realtimeNs() : clock.monotonicNs();
    }

    private void report(long[] target) {
        if (target != null) {
            // A timer that is due is reported as about to expire: 0 would say that it is disarmed.
            target[0] = armed ? Math.max(1, expiryNs - nanoTime()) : 0;
            target[1] = intervalNs;
        }
    }

    /** Counts expirations that are past. */
    private void catchUp() {
        if (!armed) {
            return;
        }
        long lateNs = nanoTime() - expiryNs;
        if (lateNs < 0) {
            return;
        }
        if (intervalNs == 0) {
            expirations++;
            armed = false;
        } else {
            long passed = lateNs / intervalNs + 1;
            expirations += passed;
            expiryNs += passed * intervalNs;
        }
    }

    private void start() {
        timer = clock.schedule(expiryNs, this);
    }

    private void cancel() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    @Override
    public void expired(KernelClock.Timer which) {
        try (Mutex _ = mutex.take()) {
            if (which != timer) {
                return; // it was set anew meanwhile
            }
            timer = null;
            if (!armed && expirations == 0) {
                return;
            }
            if (armed && nanoTime() - expiryNs < 0 && expirations == 0) {
                start();
                return;
            }
        }
        queue.wake(EVENTS);
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        if (target.remaining() < Long.BYTES) {
            return -Errno.EINVAL;
        }
        long past;
        try (Mutex _ = mutex.take()) {
            catchUp();
            if (expirations == 0) {
                return -Errno.EAGAIN;
            }
            past = expirations;
            expirations = 0;
            cancel();
            if (armed) {
                start();
            }
        }
        return Count.put(host, target, past);
    }

    @Override
    public int poll(FileDescription file) {
        try (Mutex _ = mutex.take()) {
            catchUp();
            return expirations != 0 ? EVENTS : 0;
        }
    }

    @Override
    public WaitQueue waitQueue() {
        return queue;
    }

    @Override
    public void release(FileDescription file) {
        try (Mutex _ = mutex.take()) {
            armed = false;
            expirations = 0;
            cancel();
        }
    }

    private static long addCapped(long nowNs, long deltaNs) {
        long sum = nowNs + deltaNs;
        // Comparisons with nanoTime go by difference, so "for ever" stays within half its range.
        return deltaNs > 0 && deltaNs > Long.MAX_VALUE / 2 ? nowNs + Long.MAX_VALUE / 2 : sum;
    }

    // ---- Restorable

    /** The time is CLOCK_MONOTONIC's, which goes on in another process of the host. */
    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            return new StateRecord("timerfd", 1).put("clock", clockId).put("description", descriptionId).put("armed", armed)
                    .put("expiryNs", expiryNs - clock.nanoTimeOffsetNs()).put("intervalNs", intervalNs)
                    .put("setFlags", setFlags).put("expirations", expirations).put("scheduled", timer != null);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            cancel();
            descriptionId = 0;
            armed = false;
            expiryNs = 0;
            intervalNs = 0;
            setFlags = 0;
            expirations = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            record.expect("clock", clockId);
            descriptionId = record.requireLong("description");
            armed = record.getBoolean("armed", false);
            expiryNs = record.requireLong("expiryNs") + clock.nanoTimeOffsetNs();
            intervalNs = record.requireLong("intervalNs");
            setFlags = record.getInt("setFlags", 0);
            expirations = record.requireLong("expirations");
            if (record.getBoolean("scheduled", false)) {
                // Somebody has counted expirations that those who wait have not been told of.
                timer = clock.schedule(expirations != 0 ? nanoTime() : expiryNs, this);
            }
        }
    }
}
