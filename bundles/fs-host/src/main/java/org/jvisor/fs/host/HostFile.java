// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.abi.WinsizeLayout;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;

/** A host descriptor, open inside. One object for all descriptions of it. Any thread. */
final class HostFile implements FileOperations, Stateful {

    private static final int READ_EVENTS = Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLPRI | Poll.POLLRDHUP;
    private static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM;
    private static final int ALWAYS = Poll.POLLERR | Poll.POLLHUP;

    private final HostDescriptor descriptor;
    private final HostPoller poller;
    private final boolean regular;
    private final boolean readable;
    private final boolean writable;
    private final boolean terminal;
    private final WaitQueue queue;

    /** Whether the host's poll(2) means anything for it; other files are always ready. */
    private final boolean polled;

    private final Mutex lock = new Mutex(LockRank.SERVICE);
    /** What the poller knows this by; 0: not at all yet. Guarded by the lock, as is the next. */
    private long token;
    private int armed;

    /**
     * @param mode st_mode
     * @param flags as F_GETFL says
     */
    HostFile(HostDescriptor descriptor, HostPoller poller, int mode, int flags) {
        this.descriptor = descriptor;
        this.poller = poller;
        queue = new WaitQueue();
        regular = Mode.isRegular(mode) || Mode.isBlockDevice(mode);
        int access = flags & Open.O_ACCMODE;
        readable = access != Open.O_WRONLY;
        writable = access != Open.O_RDONLY;
        terminal = Mode.isCharDevice(mode) && descriptor.query(Termios.TCGETS, new byte[TermiosLayout.SIZE]) == 0;
        token = regular ? 0 : Math.max(0, poller.add(descriptor.fd(), this::happened));
        polled = token != 0;
    }

    // ---- hand-over

    /** What {@link #save} wrote; the poller is this version's own. */
    HostFile(StateRecord record, HostPoller poller) {
        this.poller = poller;
        descriptor = record.requireOwn("descriptor", HostDescriptor.class);
        queue = record.requireCore("queue", WaitQueue.class);
        regular = record.getBoolean("regular", false);
        readable = record.getBoolean("readable", true);
        writable = record.getBoolean("writable", true);
        terminal = record.getBoolean("terminal", false);
        armed = record.getInt("armed", 0);
        polled = record.getBoolean("polled", !regular);
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord(HostFilesImpl.FILE, HostFilesImpl.SCHEMA).putOwn("descriptor", descriptor).putCore("queue", queue)
                    .put("regular", regular).put("readable", readable).put("writable", writable).put("terminal", terminal)
                    .put("armed", armed).put("polled", polled);
        }
    }

    /** Those who waited go on waiting: what has happened meanwhile is told at once. */
    @Override
    public void resume() {
        try (Mutex _ = lock.take()) {
            if (polled && token == 0) {
                // Not earlier: the poller may be its predecessor's, and knows a descriptor once.
                token = Math.max(0, poller.add(descriptor.fd(), this::happened));
            }
            if (armed != 0) {
                poller.arm(descriptor.fd(), token, armed);
            }
        }
    }

    @Override
    public void retire() {
        stopPolling();
    }

    @Override
    public void discard() {
        stopPolling();
    }

    private void stopPolling() {
        try (Mutex _ = lock.take()) {
            if (token != 0) {
                poller.remove(descriptor.fd(), token);
            }
        }
    }

    // ---- bytes

    @Override
    public boolean positional() {
        return regular;
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        long moved = 0;
        while (target.remaining() > 0) {
            long address = target.span();
            if (address < 0) {
                return moved > 0 ? moved : address;
            }
            long length = target.spanLength();
            long count = regular && offset >= 0 ? descriptor.readAt(address, length, offset + moved)
                    : polled ? descriptor.readNoWait(address, length) : descriptor.readNow(address, length);
            if (count > 0) {
                target.advance(count);
                moved += count;
            }
            if (count < length) {
                armWhereNeeded(Poll.POLLIN, count);
                return moved > 0 ? moved : count;
            }
        }
        return moved;
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        long moved = 0;
        while (source.remaining() > 0) {
            long address = source.span();
            if (address < 0) {
                return moved > 0 ? moved : address;
            }
            long length = source.spanLength();
            long count = writeSpan(address, length, offset, moved);
            if (count > 0) {
                source.advance(count);
                moved += count;
            }
            if (count < length) {
                armWhereNeeded(Poll.POLLOUT, count);
                if (count == -Errno.EPIPE && task != null) {
                    task.send(SignalInfo.user(Signals.SIGPIPE, task));
                }
                return moved > 0 ? moved : count;
            }
        }
        return moved;
    }

    private long writeSpan(long address, long length, long offset, long moved) {
        if (regular && offset == APPEND) {
            return descriptor.writeAt(address, length, descriptor.size());
        }
        if (regular && offset >= 0) {
            return descriptor.writeAt(address, length, offset + moved);
        }
        return polled ? descriptor.writeNoWait(address, length) : descriptor.writeNow(address, length);
    }

    @Override
    public long seek(Task task, FileDescription file, long offset, int whence) {
        return descriptor.seek(offset, whence);
    }

    // ---- readiness

    /** A caller that got -EAGAIN will wait; one that got less than it asked for may take that for a promise of an event. */
    private void armWhereNeeded(int event, long count) {
        if (polled && (count == -Errno.EAGAIN || count > 0 && !queue.isEmpty())) {
            arm(event);
        }
    }

    private void arm(int events) {
        try (Mutex _ = lock.take()) {
            if ((armed & events) != events) {
                armed |= events;
                poller.arm(descriptor.fd(), token, armed);
            }
        }
    }

    /** The poller's thread. */
    private void happened(int events) {
        try (Mutex _ = lock.take()) {
            armed &= ~events;
            if (armed != 0 && (events & ALWAYS) == 0) {
                poller.arm(descriptor.fd(), token, armed);
            } else {
                armed = 0;
            }
        }
        int meant = events;
        meant |= (events & Poll.POLLIN) != 0 ? Poll.POLLRDNORM : 0;
        meant |= (events & Poll.POLLOUT) != 0 ? Poll.POLLWRNORM : 0;
        queue.wake(meant);
    }

    @Override
    public int poll(FileDescription file) {
        int possible = (readable ? READ_EVENTS : 0) | (writable ? WRITE_EVENTS : 0);
        if (!polled) {
            return possible & ~(Poll.POLLPRI | Poll.POLLRDHUP);
        }
        int events = descriptor.poll(possible);
        int missing = (readable ? Poll.POLLIN : 0) | (writable ? Poll.POLLOUT : 0);
        missing &= ~events;
        if (missing != 0 && (events & ALWAYS) == 0) {
            arm(missing);
        }
        return events;
    }

    @Override
    public WaitQueue waitQueue() {
        return polled ? queue : null;
    }

    // ---- the rest

    /** Of a terminal only that it is one, and its size: what changes it is for those to whom it belongs. */
    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        byte[] answer;
        switch (command) {
            case Termios.TCGETS -> answer = new byte[TermiosLayout.SIZE];
            case Termios.TIOCGWINSZ -> answer = new byte[WinsizeLayout.SIZE];
            case Termios.FIONREAD -> answer = new byte[Integer.BYTES];
            default -> {
                return -Errno.ENOTTY;
            }
        }
        if (!terminal && command != Termios.FIONREAD || regular) {
            return -Errno.ENOTTY;
        }
        long result = descriptor.query(command, answer);
        if (result >= 0) {
            task.memory().copyOut(answer, 0, answer.length, argument);
        }
        return result;
    }

    @Override
    public long fsync(Task task, boolean dataOnly) {
        return descriptor.call(dataOnly ? SyscallNr.FDATASYNC : SyscallNr.FSYNC, 0, 0, 0);
    }

    @Override
    public long fallocate(Task task, int mode, long offset, long length) {
        return descriptor.call(SyscallNr.FALLOCATE, mode, offset, length);
    }

    /** After the last description. */
    void close() {
        stopPolling();
        descriptor.close();
    }
}
