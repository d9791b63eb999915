// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * The client's end of a Unix socket. There is no thread of its own: of the callers that wait, one is the receiver. It takes the
 * replies in, hands those of others over, and with its own reply passes the part on to a caller that still waits. So a lone
 * request costs no switch between threads of this process.
 */
final class UnixChannel implements P9Channel, Stateful {
    /** Requests under way; further callers wait for one to end. The slot's index is the tag. */
    private static final int SLOTS = 64;

    private static final int FREE = 0;
    private static final int WAITING = 1;
    /** The receiver is writing the reply. */
    private static final int DELIVERING = 2;
    private static final int DONE = 3;

    /** {@link #nextStep}'s answer beside states. */
    private static final int RECEIVE = 4;

    /** A request under way. State and fields are guarded by the channel. */
    private static final class Slot {
        final int tag;
        int state;
        Thread caller;
        P9Message reply;
        /** Of the reply, or a negative errno. */
        long length;

        Slot(int tag) {
            this.tag = tag;
        }
    }

    private final HostKernel host;
    private final MessageSocket socket;
    private final Slot[] slots = new Slot[SLOTS];
    private final Slot versionSlot = new Slot(P9.NOTAG);

    /** Indexes of slots that are free. Guarded by this, as is all below. */
    private final int[] free = new int[SLOTS];

    private int freeCount = SLOTS;
    /** Who waits for a slot, or for the version's. */
    private final ArrayDeque<Thread> waitingForSlot = new ArrayDeque<>();
    private boolean hasReceiver;
    private volatile boolean dead;

    UnixChannel(HostKernel host, MessageSocket socket) {
        this.host = host;
        this.socket = socket;
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot(i);
            free[i] = SLOTS - 1 - i;
        }
    }

    // ---- hand-over

    static final String TYPE = "p9-unix.channel";
    private static final int SCHEMA = 1;

    /** The same connection with other code. No request is under way: at rest nobody is inside a call. */
    @Override
    public synchronized StateRecord save() {
        StateRecord record = new StateRecord(TYPE, SCHEMA).put("descriptor", socket.descriptor())
                .put("messageSize", socket.messageSize()).put("dead", dead);
        if (freeCount < SLOTS || versionSlot.state != FREE) {
            throw record.refuse("requests", (SLOTS - freeCount) + " are under way");
        }
        return record;
    }

    UnixChannel(HostKernel host, StateRecord record) {
        this(host, new MessageSocket(host, record.requireInt("descriptor"), record.requireInt("messageSize")));
        dead = record.getBoolean("dead", false);
    }

    @Override
    public void retire() {
        socket.detach();
    }

    @Override
    public void discard() {
        socket.detach();
    }

    @Override
    public int messageSize() {
        return socket.messageSize();
    }

    @Override
    public boolean isDead() {
        return dead;
    }

    @Override
    public void close() {
        die();
        socket.close();
    }

    @Override
    public long call(P9Message request, P9Message reply) {
        if (!request.isIntact() || request.length() > socket.messageSize()) {
            return -Errno.EMSGSIZE;
        }
        Slot slot = take(request.type() == P9.TVERSION, reply);
        if (slot == null) {
            return dead ? -Errno.EIO : -Errno.EINTR;
        }
        request.setTag(slot.tag);
        if (send(request) < 0) {
            die();
        }
        await(slot);
        long length = giveBack(slot);
        return length < 0 ? length : result(request, reply, (int) length);
    }

    /** What the reply means for the caller. */
    private long result(P9Message request, P9Message reply, int length) {
        if (!reply.received(length)) {
            closeDonated(reply.takeDescriptor());
            return -Errno.EIO;
        }
        if (reply.type() == request.type() + 1) {
            return length;
        }
        int errno = reply.type() == P9.RLERROR ? reply.getInt() : 0;
        closeDonated(reply.takeDescriptor());
        return errno > 0 && Errno.isError(-errno) ? -errno : -Errno.EIO;
    }

    private long send(P9Message request) {
        long buffer = socket.enter();
        if (buffer == 0) {
            return -Errno.EIO;
        }
        try {
            host.copyOut(request.bytes(), 0, request.length(), buffer + MessageSocket.DATA);
            return socket.send(buffer, request.length(), P9Message.NO_DESCRIPTOR);
        } finally {
            socket.leave(buffer);
        }
    }

    // ---- slots

    /** A slot for a request; null when the channel is dead, or the caller's task has been killed before one was free. */
    private Slot take(boolean version, P9Message reply) {
        Slot slot = tryTake(version, reply);
        if (slot != null || dead) {
            return slot;
        }
        Thread self = Thread.currentThread();
        boolean interrupted = false;
        enterQueue(self);
        while ((slot = tryTake(version, reply)) == null && !dead && !(self instanceof Killable task && task.killed())) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        leaveQueue(self, slot == null);
        if (interrupted) {
            self.interrupt();
        }
        return slot;
    }

    private synchronized void enterQueue(Thread thread) {
        waitingForSlot.add(thread);
    }

    /** @param unserved a wake-up that was for this one is another one's */
    private synchronized void leaveQueue(Thread thread, boolean unserved) {
        waitingForSlot.remove(thread);
        if (unserved) {
            waitingForSlot.forEach(LockSupport::unpark);
        }
    }

    private synchronized Slot tryTake(boolean version, P9Message reply) {
        if (dead || (version ? versionSlot.state != FREE : freeCount == 0)) {
            return null;
        }
        Slot slot = version ? versionSlot : slots[free[--freeCount]];
        slot.state = WAITING;
        slot.caller = Thread.currentThread();
        slot.reply = reply;
        reply.setDescriptor(P9Message.NO_DESCRIPTOR);
        return slot;
    }

    private synchronized long giveBack(Slot slot) {
        slot.state = FREE;
        slot.caller = null;
        slot.reply = null;
        if (slot != versionSlot) {
            free[freeCount++] = slot.tag;
        }
        if (!waitingForSlot.isEmpty()) {
            waitingForSlot.forEach(LockSupport::unpark);
        }
        return slot.length;
    }

    // ---- waiting and receiving

    private void await(Slot slot) {
        boolean interrupted = false;
        int next;
        while ((next = nextStep(slot)) != DONE) {
            if (next == RECEIVE) {
                receiveUntilDone(slot);
                passOn();
            } else {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@link #DONE}; or {@link #RECEIVE}: the caller is the receiver now; or {@link #WAITING}: somebody else is. */
    private synchronized int nextStep(Slot slot) {
        if (slot.state == DONE) {
            return DONE;
        }
        if (hasReceiver || slot.state != WAITING) {
            return WAITING;
        }
        hasReceiver = true;
        return RECEIVE;
    }

    /** The receiver's duty until its own reply is there; a dead channel ends every request, so that it ends too. */
    private void receiveUntilDone(Slot own) {
        long buffer = socket.enter();
        if (buffer == 0) {
            die();
            return;
        }
        try {
            while (!isDone(own)) {
                long length = socket.receive(buffer, true);
                if (length <= 0 || !deliver(buffer, (int) length)) {
                    die();
                }
            }
        } finally {
            socket.leave(buffer);
        }
    }

    private synchronized boolean isDone(Slot slot) {
        return slot.state == DONE;
    }

    /** Copies a reply to whoever waits for it; false when nobody does. */
    private boolean deliver(long buffer, int length) {
        int descriptor = socket.received(buffer);
        Slot slot = beginDelivery(MessageSocket.tag(host, buffer));
        if (slot == null) {
            closeDonated(descriptor);
            return false;
        }
        if (length > slot.reply.capacity()) {
            closeDonated(descriptor);
            endDelivery(slot, -Errno.EIO);
        } else {
            host.copyIn(buffer + MessageSocket.DATA, slot.reply.bytes(), 0, length);
            slot.reply.setDescriptor(descriptor);
            endDelivery(slot, length);
        }
        return true;
    }

    private synchronized Slot beginDelivery(int tag) {
        Slot slot = tag == P9.NOTAG ? versionSlot : tag < SLOTS ? slots[tag] : null;
        if (slot == null || slot.state != WAITING) {
            return null;
        }
        slot.state = DELIVERING;
        return slot;
    }

    private synchronized void endDelivery(Slot slot, long length) {
        slot.length = length;
        slot.state = DONE;
        LockSupport.unpark(slot.caller);
    }

    /** Lets another caller be the receiver. */
    private synchronized void passOn() {
        hasReceiver = false;
        if (freeCount == SLOTS && versionSlot.state == FREE) {
            return;
        }
        for (int i = 0; i <= SLOTS; i++) {
            Slot slot = i < SLOTS ? slots[i] : versionSlot;
            if (slot.state == WAITING && slot.caller != Thread.currentThread()) {
                LockSupport.unpark(slot.caller);
                return;
            }
        }
    }

    /** Ends every request with EIO. */
    private synchronized void die() {
        if (dead) {
            return;
        }
        dead = true;
        for (int i = 0; i <= SLOTS; i++) {
            Slot slot = i < SLOTS ? slots[i] : versionSlot;
            if (slot.state == WAITING) {
                endDelivery(slot, -Errno.EIO);
            }
        }
        waitingForSlot.forEach(LockSupport::unpark);
        socket.shutdown();
    }

    private void closeDonated(int descriptor) {
        if (descriptor != P9Message.NO_DESCRIPTOR) {
            host.syscall(SyscallNr.CLOSE, descriptor);
        }
    }
}
