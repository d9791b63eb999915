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
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;

/**
 * A pseudoterminal: the two ends share it (pty(7)); their bytes move by {@link SlaveTransfers} and {@link MasterTransfers}. Signals are
 * sent without its lock: their way goes through the locks of the core. Wait queues are woken with or without it.
 */
final class Terminal implements Tty, Stateful {

    static final int READ_EVENTS = Poll.POLLIN | Poll.POLLRDNORM;
    static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM;

    /** Writers are told of room when there is this much of it. */
    static final int WORTH_WAKING = 256;

    /** Guards all that is below and not volatile, and what the settings, the queues and the discipline are. */
    final Mutex lock = new Mutex(LockRank.TERMINAL);

    private final int index;
    /** Null: it is the kernel's own. */
    private final Cgroup payer;
    final Settings settings = new Settings();
    final InputQueue input = new InputQueue();
    final OutputQueue output = new OutputQueue(settings);
    final LineDiscipline discipline = new LineDiscipline(settings, input, output, new Effects());
    private final WaitQueue slaveQueue;
    private final WaitQueue masterQueue;
    private final SlaveTransfers slaveTransfers = new SlaveTransfers(this);
    private final MasterTransfers masterTransfers = new MasterTransfers(this);
    private final byte[] window = new byte[WinsizeLayout.SIZE];

    private volatile Session session;
    private volatile int foreground;
    private volatile boolean hungUp;

    private boolean locked = true;
    private boolean exclusive;
    private boolean masterGone;
    private int slaves;
    private boolean slaveWasOpen;
    private boolean packetMode;
    private int packetStatus;

    /** When something was typed, in System.nanoTime's terms. */
    private long lastTypedNs = System.nanoTime();

    /** Signals that typing caused, as bits, until the lock is left. */
    private long pendingSignals;

    /** @param payer is charged for it already, and until both ends are gone; null: nobody is */
    Terminal(int index, Cgroup payer) {
        this.index = index;
        this.payer = payer;
        slaveQueue = new WaitQueue();
        masterQueue = new WaitQueue();
    }

    // ---- hand-over

    /** What {@link #save} wrote. Who waits goes on waiting: the queues are the core's. */
    Terminal(StateRecord record) {
        index = record.requireInt("index");
        payer = record.core("payer", Cgroup.class);
        masterGone = record.getBoolean("masterGone", false);
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
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord(DevDriver.TERMINAL, DevDriver.SCHEMA).put("index", index)
                    .putCore("payer", payer).put("masterGone", masterGone)
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

    SlaveTransfers slave() {
        return slaveTransfers;
    }

    MasterTransfers master() {
        return masterTransfers;
    }

    /** What typing causes; called with the lock held. */
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
                masterQueue.wake(READ_EVENTS);
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
        try (Mutex _ = lock.take()) {
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
        boolean unused;
        try (Mutex _ = lock.take()) {
            last = --slaves == 0;
            exclusive &= !last;
            unused = last && masterGone;
        }
        uncharge(unused);
        if (last) {
            masterQueue.wake(READ_EVENTS | Poll.POLLHUP);
        }
    }

    void masterClosed() {
        hangUp();
        boolean unused;
        try (Mutex _ = lock.take()) {
            masterGone = true;
            unused = slaves == 0;
        }
        uncharge(unused);
    }

    private void uncharge(boolean unused) {
        if (unused && payer != null) {
            payer.uncharge(Charge.PTY, 1);
        }
    }

    /** The master is gone, or vhangup(2): nobody will type or see anything any more. */
    void hangUp() {
        Session controlled;
        int group;
        try (Mutex _ = lock.take()) {
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

    boolean isLocked() {
        try (Mutex _ = lock.take()) {
            return locked;
        }
    }

    void setLocked(boolean on) {
        try (Mutex _ = lock.take()) {
            locked = on;
        }
    }

    boolean isExclusive() {
        try (Mutex _ = lock.take()) {
            return exclusive;
        }
    }

    void setExclusive(boolean on) {
        try (Mutex _ = lock.take()) {
            exclusive = on;
        }
    }

    // ---- what the slave's end asks

    boolean canonical() {
        try (Mutex _ = lock.take()) {
            return settings.canonical();
        }
    }

    int setting(int character) {
        try (Mutex _ = lock.take()) {
            return settings.value(character);
        }
    }

    boolean stopsBackgroundOutput() {
        try (Mutex _ = lock.take()) {
            return settings.local(TOSTOP);
        }
    }

    /** Whether there is something that a read could have, were it not for VMIN. */
    int rawCount() {
        try (Mutex _ = lock.take()) {
            return input.count();
        }
    }

    long lastTypedNs() {
        try (Mutex _ = lock.take()) {
            return lastTypedNs;
        }
    }

    int readable() {
        try (Mutex _ = lock.take()) {
            return settings.canonical() ? input.readable() : input.count();
        }
    }

    int pollSlave() {
        try (Mutex _ = lock.take()) {
            if (hungUp) {
                return READ_EVENTS | WRITE_EVENTS | Poll.POLLERR | Poll.POLLHUP;
            }
            boolean ready = settings.canonical() ? input.complete() > 0
                    : input.count() >= (settings.value(VTIME) == 0 && settings.value(VMIN) > 0 ? settings.value(VMIN) : 1);
            boolean writable = !discipline.stopped() && output.room() >= WORTH_WAKING;
            return (ready ? READ_EVENTS : 0) | (writable ? WRITE_EVENTS : 0);
        }
    }

    // ---- what the master's end asks

    /** Nobody has the slave open any more; with the lock. */
    boolean isLeft() {
        return slaves == 0 && slaveWasOpen || hungUp;
    }

    int pollMaster() {
        try (Mutex _ = lock.take()) {
            int events = packetMode && packetStatus != 0 ? READ_EVENTS | Poll.POLLPRI : 0;
            if (output.readable() > 0) {
                events |= READ_EVENTS;
            }
            if (discipline.accepts()) {
                events |= WRITE_EVENTS;
            }
            return isLeft() ? events | Poll.POLLHUP : events;
        }
    }

    int pendingOutput() {
        try (Mutex _ = lock.take()) {
            return output.readable();
        }
    }

    /** The status byte of packet mode (ioctl_tty(2), TIOCPKT); 0: none is due. With the lock. */
    int packetStatus() {
        return packetMode ? packetStatus : 0;
    }

    /** With the lock. */
    void packetStatusRead(int status) {
        packetStatus &= ~status;
    }

    void setPacketMode(boolean on) {
        try (Mutex _ = lock.take()) {
            if (on && !packetMode) {
                packetStatus = 0;
            }
            packetMode = on;
        }
    }

    boolean packetMode() {
        try (Mutex _ = lock.take()) {
            return packetMode;
        }
    }

    /** Something was typed; with the lock. */
    void noteTyping() {
        lastTypedNs = System.nanoTime();
    }

    /** After input: tells readers, those who see the echo, and the processes that got signals. Without the lock. */
    void typed() {
        slaveQueue.wake(READ_EVENTS);
        masterQueue.wake(READ_EVENTS);
        long signals;
        try (Mutex _ = lock.take()) {
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

    // ---- settings

    /** Runs {@code change} and does what follows from it. */
    void changeSettings(Runnable change) {
        try (Mutex _ = lock.take()) {
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
        try (Mutex _ = lock.take()) {
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
        try (Mutex _ = lock.take()) {
            discipline.setStopped(stop);
        }
    }

    /** Sends a flow control character to the other side (TCIOFF and TCION). */
    void sendCharacter(int which) {
        try (Mutex _ = lock.take()) {
            int c = settings.value(which);
            if (c != VDISABLE) {
                output.addUrgent(c);
            }
        }
        masterQueue.wake(READ_EVENTS);
    }

    void copyWindow(byte[] into) {
        try (Mutex _ = lock.take()) {
            System.arraycopy(window, 0, into, 0, window.length);
        }
    }

    /** SIGWINCH goes to the foreground when the size differs (TIOCSWINSZ). */
    void setWindow(byte[] size) {
        try (Mutex _ = lock.take()) {
            if (Arrays.equals(window, 0, window.length, size, 0, window.length)) {
                return;
            }
            System.arraycopy(size, 0, window, 0, window.length);
        }
        signalForeground(Signals.SIGWINCH);
    }
}
