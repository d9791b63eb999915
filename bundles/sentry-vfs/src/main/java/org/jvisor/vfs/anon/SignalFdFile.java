// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.Arrays;
import java.util.Locale;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.SignalfdSiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.SignalInfo;
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
 * signalfd(2). Linux looks at the signals of whoever reads or polls. Here poll looks at those of the task that made the
 * descriptor or, after fork(2) or with several threads, read from it last.
 */
public final class SignalFdFile implements Vfs.SignalFd, Restorable {

    private static final int EVENTS = Poll.POLLIN | Poll.POLLRDNORM;

    private final WaitQueue queue = new WaitQueue();
    private final WaitQueue.Entry relay = new WaitQueue.Entry(queue::wake);

    /** Guards the place of the relay. */
    private final Mutex mutex = new Mutex(LockRank.DESCRIPTION);
    /** Written under the mutex. */
    private volatile Task owner;
    private volatile long mask;
    private boolean released;

    public SignalFdFile(Task owner, long mask) {
        this.mask = mask & ~Signals.UNBLOCKABLE;
        this.owner = owner;
        owner.signalQueue().add(relay, EVENTS);
    }

    private void follow(Task task) {
        try (Mutex _ = mutex.take()) {
            if (!released && task != owner) {
                owner.signalQueue().remove(relay);
                owner = task;
                task.signalQueue().add(relay, EVENTS);
            }
        }
    }

    @Override
    public void release(FileDescription file) {
        try (Mutex _ = mutex.take()) {
            released = true;
            owner.signalQueue().remove(relay);
        }
    }

    @Override
    public String info(Task reader) {
        return String.format(Locale.ROOT, "sigmask:\t%016x\n", mask);
    }

    @Override
    public void setMask(long newMask) {
        mask = newMask & ~Signals.UNBLOCKABLE;
        queue.wake(EVENTS);
    }

    @Override
    public void notify(Task task, SignalInfo signal) {
        if (Signals.contains(mask, signal.signal())) {
            queue.wake(EVENTS);
        }
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        if (target.remaining() < SignalfdSiginfoLayout.SIZE) {
            return -Errno.EINVAL;
        }
        if (task != owner) {
            follow(task);
        }
        byte[] told = task.scratch();
        long moved = 0;
        while (target.remaining() >= SignalfdSiginfoLayout.SIZE) {
            SignalInfo signal = task.takeSignal(mask);
            if (signal == null) {
                return moved > 0 ? moved : -Errno.EAGAIN;
            }
            write(signal, told);
            if (target.put(told, 0, SignalfdSiginfoLayout.SIZE) != SignalfdSiginfoLayout.SIZE) {
                return moved > 0 ? moved : -Errno.EFAULT;
            }
            moved += SignalfdSiginfoLayout.SIZE;
        }
        return moved;
    }

    /** Which fields mean something follows from si_code, as sigaction(2) says. */
    private static void write(SignalInfo signal, byte[] b) {
        Arrays.fill(b, 0, SignalfdSiginfoLayout.SIZE, (byte) 0);
        SignalfdSiginfoLayout.signo(b, 0, signal.signal());
        SignalfdSiginfoLayout.code(b, 0, signal.code());
        if (signal.code() == Signals.SI_TIMER) {
            SignalfdSiginfoLayout.tid(b, 0, signal.pid());
            SignalfdSiginfoLayout.overrun(b, 0, signal.uid());
            putValue(signal, b);
            return;
        }
        boolean fromKernel = signal.code() > 0;
        if (fromKernel && Signals.contains(Signals.SYNCHRONOUS, signal.signal())) {
            SignalfdSiginfoLayout.addr(b, 0, signal.value());
            return;
        }
        if (fromKernel && signal.signal() == Signals.SIGPOLL) {
            SignalfdSiginfoLayout.band(b, 0, (int) signal.value());
            SignalfdSiginfoLayout.fd(b, 0, signal.status());
            return;
        }
        SignalfdSiginfoLayout.pid(b, 0, signal.pid());
        SignalfdSiginfoLayout.uid(b, 0, signal.uid());
        if (fromKernel && signal.signal() == Signals.SIGCHLD) {
            SignalfdSiginfoLayout.status(b, 0, signal.status());
            SignalfdSiginfoLayout.utime(b, 0, signal.userTime());
            SignalfdSiginfoLayout.stime(b, 0, signal.systemTime());
        } else if (signal.code() < 0) {
            putValue(signal, b);
        }
    }

    private static void putValue(SignalInfo signal, byte[] b) {
        SignalfdSiginfoLayout.int_(b, 0, (int) signal.value());
        SignalfdSiginfoLayout.ptr(b, 0, signal.value());
    }

    @Override
    public int poll(FileDescription file) {
        Task task = owner;
        long pending = task.pendingSignals() | task.group().pendingSignals();
        return (pending & mask) != 0 ? EVENTS : 0;
    }

    @Override
    public WaitQueue waitQueue() {
        return queue;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            return new StateRecord("signalfd", 1).putCore("owner", owner).put("mask", mask).put("released", released);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            owner.signalQueue().remove(relay);
            owner = null;
            mask = 0;
            released = false;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            owner = record.requireCore("owner", Task.class);
            mask = record.requireLong("mask");
            released = record.getBoolean("released", false);
            if (!released) {
                owner.signalQueue().add(relay, EVENTS);
            }
        }
    }
}
