// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import java.util.Arrays;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.WinsizeLayout;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;

/**
 * A pseudoterminal: the two ends share it (pty(7)). Its monitor guards the settings, the queues and what else is not volatile.
 * Signals are sent after it is left: their way goes through the locks of the core. Wait queues are woken with or without it.
 */
final class Terminal implements Tty, Stateful {

    private static final int READ_EVENTS = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM;

    /** Writers are told of room when there is this much of it. */
    private static final int WORTH_WAKING = 256;
    private static final int CHUNK = 512;

    private final int index;
    private final Settings settings = new Settings();
    private final InputQueue input = new InputQueue();
    private final OutputQueue output = new OutputQueue(settings);
    private final LineDiscipline discipline = new LineDiscipline(settings, input, output, new Effects());
    private final WaitQueue slaveQueue;
    private final WaitQueue masterQueue;
    private final byte[] chunk = new byte[CHUNK];
    private final byte[] window = new byte[WinsizeLayout.SIZE];

    private volatile Session session;
    private volatile int foreground;
    private volatile boolean hungUp;

    private boolean locked = true;
    private boolean exclusive;
    private int slaves;
    private boolean slaveWasOpen;
    private boolean packetMode;
    private int packetStatus;

    /** When something was typed, in System.nanoTime's terms. */
    private long lastTypedNs = System.nanoTime();

    /** Signals that typing caused, as bits, until the monitor is left. */
    private long pendingSignals;

    Terminal(int index) {
        this.index = index;
        slaveQueue = new WaitQueue();
        masterQueue = new WaitQueue();
    }

    // ---- hand-over

    /** What {@link #save} wrote. Who waits goes on waiting: the queues are the core's. */
    Terminal(StateRecord record) {
        index = record.requireInt("index");
        slaveQueue = record.requireCore("slaveQueue", WaitQueue.class);
        masterQueue = record.requireCore("masterQueue", WaitQueue.class);
        settings.adopt(record);
        input.adopt(record);
        output.adopt(record);
        discipline.adopt(record);
        session = record.core("session", Session.class);
        foreground = record.getInt("foreground", 0);
        hungUp = record.getBoolean("hungUp", false);
        locked = record.getBoolean("locked", true);
        exclusive = record.getBoolean("exclusive", false);
        slaves = record.getInt("slaves", 0);
        slaveWasOpen = record.getBoolean("slaveWasOpen", slaves > 0);
        packetMode = record.getBoolean("packetMode", false);
        packetStatus = record.getInt("packetStatus", 0);
        lastTypedNs = System.nanoTime() - record.getLong("typedAgoNs", 0);
        byte[] size = record.getBytes("window");
        if (size != null) {
            System.arraycopy(size, 0, window, 0, Math.min(size.length, window.length));
        }
    }

    @Override
    public synchronized StateRecord save() {
        StateRecord record = new StateRecord(DevDriver.TERMINAL, DevDriver.SCHEMA).put("index", index)
                .putCore("slaveQueue", slaveQueue).putCore("masterQueue", masterQueue).putCore("session", session)
                .put("foreground", foreground).put("hungUp", hungUp).put("locked", locked).put("exclusive", exclusive)
                .put("slaves", slaves).put("slaveWasOpen", slaveWasOpen).put("packetMode", packetMode)
                .put("packetStatus", packetStatus).put("window", window.clone())
                .put("typedAgoNs", System.nanoTime() - lastTypedNs);
        settings.save(record);
        input.save(record);
        output.save(record);
        discipline.save(record);
        return record;
    }

    int index() {
        return index;
    }

    WaitQueue slaveQueue() {
        return slaveQueue;
    }

    WaitQueue masterQueue() {
        return masterQueue;
    }

    /** Guards {@link #settings}, {@link #discipline} and the queues, for the ioctls. */
    Settings settings() {
        return settings;
    }

    LineDiscipline discipline() {
        return discipline;
    }

    /** What typing causes; called with the monitor held. */
    private final class Effects implements LineDiscipline.Effects {
        @Override
        public void signal(int signal) {
            pendingSignals |= Signals.bit(signal);
        }

        @Override
        public void stopOutput(boolean stop) {
            notePacket(stop ? TIOCPKT_STOP : TIOCPKT_START, stop ? TIOCPKT_START : TIOCPKT_STOP);
            if (!stop) {
                slaveQueue.wake(WRITE_EVENTS);
            }
        }

        @Override
        public void flush() {
            notePacket(TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE, 0);
        }
    }

    private void notePacket(int added, int removed) {
        if (packetMode) {
            packetStatus = packetStatus & ~removed | added;
            masterQueue.wake(READ_EVENTS | Poll.POLLPRI);
        }
    }

    // ---- Tty

    @Override
    public long device() {
        return Mode.makeDev(PtsDriver.MAJOR, index);
    }

    @Override
    public Session session() {
        return session;
    }

    @Override
    public void setSession(Session newSession) {
        session = newSession;
    }

    @Override
    public int foreground() {
        return foreground;
    }

    @Override
    public void setForeground(int processGroup) {
        foreground = processGroup;
    }

    /** A pseudoterminal goes on without its session; the core has told the processes. */
    @Override
    public void hangup() {
        session = null;
        foreground = 0;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        synchronized (this) {
            if (hungUp || locked) {
                throw ErrnoException.of(Errno.EIO);
            }
            if (exclusive && task != null && !task.hasCapability(Capability.CAP_SYS_ADMIN)) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            slaves++;
            slaveWasOpen = true;
        }
        return new PtySlave(this);
    }

    // ---- the ends come and go

    void slaveClosed() {
        boolean last;
        synchronized (this) {
            last = --slaves == 0;
            exclusive &= !last;
        }
        if (last) {
            masterQueue.wake(READ_EVENTS | Poll.POLLHUP);
        }
    }

    /** The master is gone, or vhangup(2): nobody will type or see anything any more. */
    void hangUp() {
        Session controlled;
        int group;
        synchronized (this) {
            if (hungUp) {
                return;
            }
            hungUp = true;
            controlled = session;
            group = foreground;
            session = null;
            foreground = 0;
        }
        if (controlled != null) {
            controlled.leader().send(SignalInfo.kernel(Signals.SIGHUP));
            controlled.leader().send(SignalInfo.kernel(Signals.SIGCONT));
            ProcessGroup jobs = controlled.group(group);
            if (jobs != null) {
                jobs.send(SignalInfo.kernel(Signals.SIGHUP));
            }
            controlled.disown(this);
        }
        slaveQueue.wake(READ_EVENTS | WRITE_EVENTS | Poll.POLLHUP | Poll.POLLERR);
        masterQueue.wake(READ_EVENTS | WRITE_EVENTS | Poll.POLLHUP);
    }

    boolean isHungUp() {
        return hungUp;
    }

    synchronized boolean isLocked() {
        return locked;
    }

    synchronized void setLocked(boolean on) {
        locked = on;
    }

    synchronized boolean isExclusive() {
        return exclusive;
    }

    synchronized void setExclusive(boolean on) {
        exclusive = on;
    }

    // ---- the slave's bytes

    /** As many bytes as {@code file}'s settings let a read have now; -EAGAIN: wait. */
    long readSlave(IoBuffer target, int minimum) {
        long moved;
        boolean roomForMaster;
        synchronized (this) {
            if (hungUp || target.remaining() == 0) {
                return 0;
            }
            boolean wasFull = !discipline.accepts();
            if (settings.canonical()) {
                if (input.complete() == 0) {
                    return -Errno.EAGAIN;
                }
                moved = input.readLine(target);
            } else {
                if (input.count() == 0 || input.count() < Math.min(minimum, target.remaining())) {
                    return -Errno.EAGAIN;
                }
                moved = input.readAll(target);
            }
            roomForMaster = wasFull && discipline.accepts();
        }
        if (roomForMaster) {
            masterQueue.wake(WRITE_EVENTS);
        }
        return moved;
    }

    synchronized boolean canonical() {
        return settings.canonical();
    }

    synchronized int setting(int character) {
        return settings.value(character);
    }

    /** Whether there is something that a read could have, were it not for VMIN. */
    synchronized int rawCount() {
        return input.count();
    }

    synchronized long lastTypedNs() {
        return lastTypedNs;
    }

    synchronized int readable() {
        return settings.canonical() ? input.readable() : input.count();
    }

    long writeSlave(IoBuffer source) {
        long moved = 0;
        synchronized (this) {
            if (hungUp) {
                return -Errno.EIO;
            }
            while (source.remaining() > 0 && !discipline.stopped()) {
                int some = (int) Math.min(Math.min(source.remaining(), output.room()), CHUNK);
                if (some == 0) {
                    break;
                }
                long got = source.get(chunk, 0, some);
                if (got <= 0) {
                    return moved > 0 ? moved : got;
                }
                for (int i = 0; i < got; i++) {
                    output.add(chunk[i] & 0xff);
                }
                moved += got;
            }
        }
        if (moved > 0) {
            masterQueue.wake(READ_EVENTS);
        }
        return moved > 0 || source.remaining() == 0 ? moved : -Errno.EAGAIN;
    }

    synchronized int pollSlave() {
        if (hungUp) {
            return READ_EVENTS | WRITE_EVENTS | Poll.POLLERR | Poll.POLLHUP;
        }
        boolean ready = settings.canonical() ? input.complete() > 0
                : input.count() >= (settings.value(VTIME) == 0 && settings.value(VMIN) > 0 ? settings.value(VMIN) : 1);
        boolean writable = !discipline.stopped() && output.room() >= WORTH_WAKING;
        return (ready ? READ_EVENTS : 0) | (writable ? WRITE_EVENTS : 0);
    }

    // ---- the master's bytes

    /** With packet mode a status byte comes first (ioctl_tty(2), TIOCPKT); -EIO when no slave is open any more. */
    long readMaster(IoBuffer target) {
        long moved;
        boolean wake;
        synchronized (this) {
            if (target.remaining() == 0) {
                return 0;
            }
            if (packetMode && packetStatus != 0) {
                chunk[0] = (byte) packetStatus;
                packetStatus = 0;
                return target.put(chunk, 0, 1);
            }
            if (output.count() == 0) {
                return slaves == 0 && slaveWasOpen || hungUp ? -Errno.EIO : -Errno.EAGAIN;
            }
            long status = 0;
            if (packetMode) {
                chunk[0] = TIOCPKT_DATA;
                status = target.put(chunk, 0, 1);
                if (status < 0 || target.remaining() == 0) {
                    return status;
                }
            }
            boolean wasTight = output.room() < WORTH_WAKING;
            moved = output.read(target);
            wake = wasTight && output.room() >= WORTH_WAKING;
            moved = moved < 0 && status == 0 ? moved : Math.max(0, moved) + status;
        }
        if (wake) {
            slaveQueue.wake(WRITE_EVENTS);
        }
        return moved;
    }

    long writeMaster(IoBuffer source) {
        long moved = 0;
        synchronized (this) {
            while (source.remaining() > 0) {
                // One at a time where the end of the room is near: what is taken from the source cannot be given back.
                int some = (int) Math.min(source.remaining(), Math.min(CHUNK, roomForTyping()));
                if (some == 0) {
                    break;
                }
                long got = source.get(chunk, 0, some);
                if (got <= 0) {
                    return moved > 0 ? moved : got;
                }
                for (int i = 0; i < got; i++) {
                    discipline.receive(chunk[i] & 0xff);
                }
                moved += got;
            }
            lastTypedNs = moved > 0 ? System.nanoTime() : lastTypedNs;
        }
        if (moved > 0) {
            typed();
        }
        return moved > 0 || source.remaining() == 0 ? moved : -Errno.EAGAIN;
    }

    private int roomForTyping() {
        if (!discipline.accepts()) {
            return 0;
        }
        // A character takes at most two places (PARMRK).
        return Math.max(1, (InputQueue.CAPACITY - input.count()) / 2 - 1);
    }

    /** After input: tells readers, those who see the echo, and the processes that got signals. Without the monitor. */
    private void typed() {
        slaveQueue.wake(READ_EVENTS);
        masterQueue.wake(READ_EVENTS);
        long signals;
        synchronized (this) {
            signals = pendingSignals;
            pendingSignals = 0;
        }
        while (signals != 0) {
            int signal = Signals.lowest(signals);
            signals &= ~Signals.bit(signal);
            signalForeground(signal);
        }
    }

    void signalForeground(int signal) {
        Session controlled = session;
        ProcessGroup group = controlled == null ? null : controlled.group(foreground);
        if (group != null) {
            group.sendFrom(this, SignalInfo.kernel(signal));
        }
    }

    synchronized int pollMaster() {
        int events = packetMode && packetStatus != 0 ? READ_EVENTS | Poll.POLLPRI : 0;
        if (output.count() > 0) {
            events |= READ_EVENTS;
        }
        if (discipline.accepts()) {
            events |= WRITE_EVENTS;
        }
        return slaves == 0 && slaveWasOpen || hungUp ? events | Poll.POLLHUP : events;
    }

    synchronized int pendingOutput() {
        return output.count();
    }

    synchronized void setPacketMode(boolean on) {
        if (on && !packetMode) {
            packetStatus = 0;
        }
        packetMode = on;
    }

    synchronized boolean packetMode() {
        return packetMode;
    }

    // ---- settings

    /** Runs {@code change} and does what follows from it. */
    void changeSettings(Runnable change) {
        synchronized (this) {
            boolean wasCanonical = settings.canonical();
            boolean hadFlowControl = settings.usualFlowControl();
            boolean stoppable = settings.input(IXON);
            change.run();
            if (settings.canonical() != wasCanonical) {
                input.setCanonical(settings.canonical());
            }
            if (stoppable && !settings.input(IXON)) {
                discipline.setStopped(false);
            }
            if (settings.usualFlowControl() != hadFlowControl) {
                notePacket(hadFlowControl ? TIOCPKT_NOSTOP : TIOCPKT_DOSTOP, hadFlowControl ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
            }
        }
        slaveQueue.wake(READ_EVENTS | WRITE_EVENTS);
        masterQueue.wake(WRITE_EVENTS);
    }

    /** TCFLSH of ioctl_tty(2). */
    void flush(boolean ofInput, boolean ofOutput) {
        synchronized (this) {
            if (ofInput) {
                input.clear();
                notePacket(TIOCPKT_FLUSHREAD, 0);
            }
            if (ofOutput) {
                output.clear();
                notePacket(TIOCPKT_FLUSHWRITE, 0);
            }
        }
        slaveQueue.wake(WRITE_EVENTS);
        masterQueue.wake(WRITE_EVENTS);
    }

    void stopOutput(boolean stop) {
        synchronized (this) {
            discipline.setStopped(stop);
        }
    }

    /** Sends a flow control character to the other side (TCIOFF and TCION). */
    void sendCharacter(int which) {
        synchronized (this) {
            int c = settings.value(which);
            if (c != VDISABLE) {
                output.add(c);
            }
        }
        masterQueue.wake(READ_EVENTS);
    }

    synchronized void copyWindow(byte[] into) {
        System.arraycopy(window, 0, into, 0, window.length);
    }

    /** SIGWINCH goes to the foreground when the size differs (TIOCSWINSZ). */
    void setWindow(byte[] size) {
        synchronized (this) {
            if (Arrays.equals(window, 0, window.length, size, 0, window.length)) {
                return;
            }
            System.arraycopy(size, 0, window, 0, window.length);
        }
        signalForeground(Signals.SIGWINCH);
    }
}
