// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ItimerspecLayout;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;

/** Descriptors of things that have no name: pipe(2), eventfd(2), timerfd_create(2), signalfd(2), memfd_create(2). */
final class SpecialFiles {

    private static final int O_NOTIFICATION_PIPE = Open.O_EXCL;
    private static final int MEMFD_NAME_MAX = 249;
    private static final int MFD_HUGE_SHIFT = 26;

    private SpecialFiles() {
    }

    // ---- pipes

    static long pipe(Task task, Arguments a) {
        return pipe(task, a.a0, 0);
    }

    static long pipe2(Task task, Arguments a) {
        int flags = a.int1();
        if ((flags & ~(Open.O_CLOEXEC | Open.O_NONBLOCK | Open.O_DIRECT | O_NOTIFICATION_PIPE)) != 0) {
            return -Errno.EINVAL;
        }
        if ((flags & O_NOTIFICATION_PIPE) != 0) {
            return -Errno.ENOPKG;
        }
        return pipe(task, a.a0, flags);
    }

    private static long pipe(Task task, long address, int flags) {
        boolean closeOnExec = (flags & Open.O_CLOEXEC) != 0;
        FileDescription[] ends = task.kernel().vfs().newPipe(task, flags & ~Open.O_CLOEXEC);
        long reader = Fds.install(task, ends[0], closeOnExec);
        if (reader < 0) {
            ends[1].release(task);
            return reader;
        }
        long writer = Fds.install(task, ends[1], closeOnExec);
        if (writer < 0) {
            task.files().close(task, (int) reader);
            return writer;
        }
        byte[] b = task.scratch();
        Bytes.putInt(b, 0, (int) reader);
        Bytes.putInt(b, Integer.BYTES, (int) writer);
        if (task.memory().tryCopyOut(b, 0, 2 * Integer.BYTES, address) != 2 * Integer.BYTES) {
            task.files().close(task, (int) reader);
            task.files().close(task, (int) writer);
            return -Errno.EFAULT;
        }
        return 0;
    }

    // ---- eventfd

    static long eventfd(Task task, Arguments a) {
        return eventfd(task, a.int0(), 0);
    }

    static long eventfd2(Task task, Arguments a) {
        int flags = a.int1();
        return (flags & ~(Poll.EFD_CLOEXEC | Poll.EFD_NONBLOCK | Poll.EFD_SEMAPHORE)) != 0 ? -Errno.EINVAL
                : eventfd(task, a.int0(), flags);
    }

    private static long eventfd(Task task, int initial, int flags) {
        FileDescription file = task.kernel().vfs().newEventFd(initial, flags & ~Poll.EFD_CLOEXEC);
        return Fds.install(task, file, (flags & Poll.EFD_CLOEXEC) != 0);
    }

    // ---- timerfd

    static long timerfdCreate(Task task, Arguments a) {
        int clock = a.int0();
        int flags = a.int1();
        if ((flags & ~(Clock.TFD_CLOEXEC | Clock.TFD_NONBLOCK)) != 0) {
            return -Errno.EINVAL;
        }
        switch (clock) {
            case Clock.CLOCK_REALTIME, Clock.CLOCK_MONOTONIC, Clock.CLOCK_BOOTTIME -> { }
            case Clock.CLOCK_REALTIME_ALARM, Clock.CLOCK_BOOTTIME_ALARM -> {
                if (!task.hasCapability(Capability.CAP_WAKE_ALARM)) {
                    return -Errno.EPERM;
                }
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
        FileDescription file = task.kernel().vfs().newTimerFd(task, clock, flags & ~Clock.TFD_CLOEXEC);
        return Fds.install(task, file, (flags & Clock.TFD_CLOEXEC) != 0);
    }

    static long timerfdSettime(Task task, Arguments a) {
        int flags = a.int1();
        if ((flags & ~(Clock.TFD_TIMER_ABSTIME | Clock.TFD_TIMER_CANCEL_ON_SET)) != 0) {
            return -Errno.EINVAL;
        }
        byte[] b = task.scratch();
        task.memory().copyIn(a.a2, b, 0, ItimerspecLayout.SIZE);
        if (!TimespecLayout.isValid(b, ItimerspecLayout.VALUE) || !TimespecLayout.isValid(b, ItimerspecLayout.INTERVAL)) {
            return -Errno.EINVAL;
        }
        long valueNs = TimespecLayout.toNs(b, ItimerspecLayout.VALUE);
        long intervalNs = TimespecLayout.toNs(b, ItimerspecLayout.INTERVAL);
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (!(file.operations() instanceof Vfs.TimerFd timer)) {
                return -Errno.EINVAL;
            }
            long[] old = PerThread.longs(2);
            long result = timer.settime(task, flags, valueNs, intervalNs, old);
            if (result == 0 && a.a3 != 0) {
                copyOut(task, old, a.a3);
            }
            return result;
        } finally {
            file.release(task);
        }
    }

    static long timerfdGettime(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (!(file.operations() instanceof Vfs.TimerFd timer)) {
                return -Errno.EINVAL;
            }
            long[] current = PerThread.longs(2);
            timer.gettime(current);
            copyOut(task, current, a.a1);
            return 0;
        } finally {
            file.release(task);
        }
    }

    private static void copyOut(Task task, long[] valueAndInterval, long address) {
        byte[] b = task.scratch();
        TimespecLayout.putNs(b, ItimerspecLayout.VALUE, valueAndInterval[0]);
        TimespecLayout.putNs(b, ItimerspecLayout.INTERVAL, valueAndInterval[1]);
        task.memory().copyOut(b, 0, ItimerspecLayout.SIZE, address);
    }

    // ---- signalfd

    static long signalfd(Task task, Arguments a) {
        return signalfd(task, a, 0);
    }

    static long signalfd4(Task task, Arguments a) {
        return signalfd(task, a, a.int3());
    }

    private static long signalfd(Task task, Arguments a, int flags) {
        if ((flags & ~(Signals.SFD_CLOEXEC | Signals.SFD_NONBLOCK)) != 0 || a.a2 != Timeouts.SIGSET_BYTES) {
            return -Errno.EINVAL;
        }
        long mask = task.memory().getLong(a.a1) & ~Signals.UNBLOCKABLE;
        if (a.int0() == -1) {
            FileDescription file = task.kernel().vfs().newSignalFd(task, mask, flags & ~Signals.SFD_CLOEXEC);
            return Fds.install(task, file, (flags & Signals.SFD_CLOEXEC) != 0);
        }
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (!(file.operations() instanceof Vfs.SignalFd signalFd)) {
                return -Errno.EINVAL;
            }
            signalFd.setMask(mask);
            return a.int0();
        } finally {
            file.release(task);
        }
    }

    // ---- memfd

    static long memfdCreate(Task task, Arguments a) {
        int flags = a.int1();
        int known = Mman.MFD_CLOEXEC | Mman.MFD_ALLOW_SEALING | Mman.MFD_NOEXEC_SEAL | Mman.MFD_EXEC;
        int execution = Mman.MFD_NOEXEC_SEAL | Mman.MFD_EXEC;
        if ((flags & Mman.MFD_HUGETLB) != 0) {
            // As where no huge pages are set aside (memfd_create(2)).
            return (flags & ~(known | Mman.MFD_HUGETLB) & (1 << MFD_HUGE_SHIFT) - 1) != 0 ? -Errno.EINVAL : -Errno.ENOSYS;
        }
        if ((flags & ~known) != 0 || (flags & execution) == execution) {
            return -Errno.EINVAL;
        }
        byte[] name = task.scratch();
        int length = task.memory().copyInString(a.a0, name);
        if (length < 0 || length > MEMFD_NAME_MAX) {
            return -Errno.EINVAL;
        }
        FileDescription file = task.kernel().vfs().newMemfd(task, Bytes.getString(name, 0, length),
                flags & ~Mman.MFD_CLOEXEC);
        return Fds.install(task, file, (flags & Mman.MFD_CLOEXEC) != 0);
    }
}
