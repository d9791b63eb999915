// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * The client's end of a Unix socket. There is no thread of its own: of the callers that wait, one is the receiver. It takes the
 * replies in, hands those of others over, and with its own reply passes the part on to a caller that still waits. So a lone
 * request costs no switch between threads of this process.
 *
 * <p>Who is killed leaves its request behind: the tag stays taken until the reply comes, which the next receiver drops.
 */
final class UnixChannel implements P9Channel, Stateful {
    /** Requests under way; further callers wait for one to end. The slot's index is the tag. */
    private static final int SLOTS = 64;

    private static final int FREE = 0;
    private static final int WAITING = 1;
    /** The receiver is writing the reply. */
    private static final int DELIVERING = 2;
    private static final int DONE = 3;
    /** Nobody waits for the reply any more. */
    private static final int LEFT = 4;

    /** {@link #nextStep}'s answer beside states. */
    private static final int RECEIVE = 5;

    /** How long a hand-over waits for replies that nobody waits for. */
    private static final long SETTLE_NS = 1_000_000_000;

    /** A request under way. State and fields are guarded by the channel's lock, but for the patience, which is the caller's. */
    private static final class Slot {
        final int tag;
        final Patience patience = new Patience();
        int state;
        Thread caller;
        int type;
        P9Message reply;
        LateReply late;
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

    private final Mutex lock = new Mutex(LockRank.P9_CLIENT);

    /** Indexes of slots that are free. Guarded by the lock, as is all below. */
    private final int[] free = new int[SLOTS];

    private int freeCount = SLOTS;
    /** Who waits for something else than its reply: see {@link #await}. */
    private final ArrayDeque<Thread> watchers = new ArrayDeque<>();
    private boolean hasReceiver;
    private volatile boolean dead;

    UnixChannel(HostKernel host, MessageSocket socket) {
        this.host = host;
        this.socket = socket.sliced();
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot(i);
            free[i] = SLOTS - 1 - i;
        }
    }

    // ---- hand-over

    static final String TYPE = "p9-unix.channel";
    private static final int SCHEMA = 1;

    /** The same connection with other code. At rest nobody is inside a call; what was left behind is waited for. */
    @Override
    public StateRecord save() {
        await(this::isIdle, System.nanoTime() + SETTLE_NS);
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord(TYPE, SCHEMA).put("descriptor", socket.descriptor())
                    .put("messageSize", socket.messageSize()).put("dead", dead);
            if (!isIdle()) {
                throw record.refuse("requests", (SLOTS - freeCount) + " are under way");
            }
            return record;
        }
    }

    private boolean isIdle() {
        try (Mutex _ = lock.take()) {
            return freeCount == SLOTS && versionSlot.state == FREE;
        }
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
    public long call(P9Message request, P9Message reply, LateReply late) {
        LockOrder.mayWait("a question to a file server");
        if (!request.isIntact() || request.length() > socket.messageSize()) {
            return -Errno.EMSGSIZE;
        }
        Slot slot = take(request.type(), reply);
        if (slot == null) {
            return dead ? -Errno.EIO : -Errno.EINTR;
        }
        request.setTag(slot.tag);
        long sent = send(request, slot.patience);
        if (sent == -Errno.EINTR && takeBack(slot)) {
            return sent;
        }
        if (sent < 0 && sent != -Errno.EINTR) {
            die();
        }
        if (!await(slot, late)) {
            return -Errno.EINPROGRESS;
        }
        long length = giveBack(slot);
        return length < 0 ? length : result(request, reply, (int) length);
    }

    @Override
    public boolean post(P9Message request, LateReply late) {
        if (!request.isIntact() || request.length() > socket.messageSize()) {
            return false;
        }
        long buffer = socket.enter();
        if (buffer == 0) {
            return false;
        }
        try {
            Slot slot = takeLeft(request.type(), Objects.requireNonNull(late));
            if (slot == null) {
                return false;
            }
            request.setTag(slot.tag);
            host.copyOut(request.bytes(), 0, request.length(), buffer + MessageSocket.DATA);
            return socket.trySend(buffer, request.length()) || !takeBack(slot, late);
        } finally {
            socket.leave(buffer);
        }
    }

    /** A slot that nobody waits for, from before its request is sent: the reply may come at once. */
    private Slot takeLeft(int type, LateReply late) {
        try (Mutex _ = lock.take()) {
            Slot slot = tryTake(type, null);
            if (slot != null) {
                leave(slot, late);
            }
            return slot;
        }
    }

    /** The same for one that nobody waits for; then {@code late} has heard of the reply. */
    private boolean takeBack(Slot slot, LateReply late) {
        try (Mutex _ = lock.take()) {
            if (slot.state != LEFT || slot.late != late) {
                return false;
            }
            giveBack(slot);
            return true;
        }
    }

    /** A request that was not sent; false: it is answered all the same, since the channel died or the peer made a reply up. */
    private boolean takeBack(Slot slot) {
        try (Mutex _ = lock.take()) {
            if (slot.state != WAITING) {
                return false;
            }
            giveBack(slot);
            return true;
        }
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

    private long send(P9Message request, Patience patience) {
        long buffer = socket.enter();
        if (buffer == 0) {
            return -Errno.EIO;
        }
        try {
            host.copyOut(request.bytes(), 0, request.length(), buffer + MessageSocket.DATA);
            return socket.send(buffer, request.length(), P9Message.NO_DESCRIPTOR, patience);
        } finally {
            socket.leave(buffer);
        }
    }

    // ---- slots

    /** A slot for a request; null when the channel is dead, or the caller's task has been killed before one was free. */
    private Slot take(int type, P9Message reply) {
        Slot slot = tryTake(type, reply);
        if (slot == null && !dead) {
            Slot[] taken = new Slot[1];
            await(() -> (taken[0] = tryTake(type, reply)) != null, Long.MAX_VALUE);
            slot = taken[0];
        }
        return slot;
    }

    private Slot tryTake(int type, P9Message reply) {
        try (Mutex _ = lock.take()) {
            boolean version = type == P9.TVERSION;
            if (dead || (version ? versionSlot.state != FREE : freeCount == 0)) {
                return null;
            }
            Slot slot = version ? versionSlot : slots[free[--freeCount]];
            slot.state = WAITING;
            slot.caller = Thread.currentThread();
            slot.type = type;
            slot.patience.begin();
            slot.reply = reply;
            if (reply != null) {
                reply.setDescriptor(P9Message.NO_DESCRIPTOR);
            }
            return slot;
        }
    }

    private long giveBack(Slot slot) {
        try (Mutex _ = lock.take()) {
            slot.state = FREE;
            slot.caller = null;
            slot.reply = null;
            slot.late = null;
            if (slot != versionSlot) {
                free[freeCount++] = slot.tag;
            }
            wakeWatchers();
            return slot.length;
        }
    }

    /** With the lock. */
    private void wakeWatchers() {
        if (!watchers.isEmpty()) {
            watchers.forEach(LockSupport::unpark);
        }
    }

    // ---- waiting and receiving

    /** Waits for the reply; false: the caller is killed and has left the request behind. */
    private boolean await(Slot slot, LateReply late) {
        boolean interrupted = false;
        boolean left = false;
        int next;
        while ((next = nextStep(slot)) != DONE && !left) {
            if (next == RECEIVE) {
                receive(slot);
            } else if (Patience.isKilled()) {
                LockSupport.parkNanos(this, Patience.SLICE_NS);
            } else {
                LockSupport.park(this);
            }
            interrupted |= Thread.interrupted();
            left = slot.patience.isOver() && leave(slot, late);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !left;
    }

    /** Whether the request is nobody's now; not when its reply is there, or just about to be. */
    private boolean leave(Slot slot, LateReply late) {
        try (Mutex _ = lock.take()) {
            if (slot.state != WAITING) {
                return false;
            }
            slot.state = LEFT;
            slot.caller = null;
            slot.reply = null;
            slot.late = late;
            wakeWatchers();
            return true;
        }
    }

    /** {@link #DONE}; or {@link #RECEIVE}: the caller is the receiver now; or {@link #WAITING}: somebody else is. */
    private int nextStep(Slot slot) {
        try (Mutex _ = lock.take()) {
            if (slot.state == DONE) {
                return DONE;
            }
            return slot.state == WAITING && tryReceive() ? RECEIVE : WAITING;
        }
    }

    private boolean tryReceive() {
        try (Mutex _ = lock.take()) {
            if (hasReceiver) {
                return false;
            }
            hasReceiver = true;
            return true;
        }
    }

    @Override
    public boolean await(BooleanSupplier done, long deadlineNs) {
        LockOrder.mayWait("a file server's answer");
        Thread self = Thread.currentThread();
        Patience patience = new Patience();
        boolean interrupted = false;
        boolean holds;
        watch(self, true);
        // The deadline and the patience are looked at first: what comes meanwhile is seen.
        while (true) {
            boolean over = dead || patience.isOver() || deadlineNs != Long.MAX_VALUE && System.nanoTime() - deadlineNs >= 0;
            holds = done.getAsBoolean();
            if (holds || over) {
                break;
            }
            if (tryReceive()) {
                receiveOnce();
                passOn();
            } else {
                LockSupport.parkNanos(this, Patience.SLICE_NS);
            }
            interrupted |= Thread.interrupted();
        }
        watch(self, false);
        if (interrupted) {
            self.interrupt();
        }
        return holds;
    }

    /** A wake-up that was for one that does not watch any more is the others'. */
    private void watch(Thread thread, boolean on) {
        try (Mutex _ = lock.take()) {
            if (on) {
                watchers.add(thread);
            } else {
                watchers.remove(thread);
                wakeWatchers();
            }
        }
    }

    /** The receiver's duty until its own reply is there, or its patience is over. */
    private void receive(Slot own) {
        do {
            receiveOnce();
        } while (!isDone(own) && !own.patience.isOver());
        passOn();
    }

    private boolean isDone(Slot slot) {
        try (Mutex _ = lock.take()) {
            return slot.state == DONE;
        }
    }

    /** Takes one reply in, or none in a while. A dead channel has ended every request. */
    private void receiveOnce() {
        long buffer = socket.enterReceiver();
        if (buffer == 0) {
            die();
            return;
        }
        try {
            long length = socket.receive(buffer, true);
            if (length != -Errno.EAGAIN && (length <= 0 || !deliver(buffer, (int) length))) {
                die();
            }
        } finally {
            socket.leaveReceiver();
        }
    }

    /** Copies a reply to whoever waits for it; false when nobody ever did. */
    private boolean deliver(long buffer, int length) {
        int descriptor = socket.received(buffer);
        Slot slot = find(MessageSocket.tag(host, buffer));
        if (slot != null && beginDelivery(slot)) {
            hand(slot, buffer, length, descriptor);
            return true;
        }
        closeDonated(descriptor);
        return slot != null && drop(slot, MessageSocket.result(host, buffer, length, slot.type));
    }

    private Slot find(int tag) {
        return tag == P9.NOTAG ? versionSlot : tag < SLOTS ? slots[tag] : null;
    }

    private void hand(Slot slot, long buffer, int length, int descriptor) {
        if (length > slot.reply.capacity()) {
            closeDonated(descriptor);
            endDelivery(slot, -Errno.EIO);
        } else {
            host.copyIn(buffer + MessageSocket.DATA, slot.reply.bytes(), 0, length);
            slot.reply.setDescriptor(descriptor);
            endDelivery(slot, length);
        }
    }

    private boolean beginDelivery(Slot slot) {
        try (Mutex _ = lock.take()) {
            if (slot.state != WAITING) {
                return false;
            }
            slot.state = DELIVERING;
            return true;
        }
    }

    private void endDelivery(Slot slot, long length) {
        try (Mutex _ = lock.take()) {
            slot.length = length;
            slot.state = DONE;
            LockSupport.unpark(slot.caller);
        }
    }

    /** The reply of a request that was left behind; false when there is no such request. */
    private boolean drop(Slot slot, long result) {
        LateReply late;
        try (Mutex _ = lock.take()) {
            if (slot.state != LEFT) {
                return false;
            }
            late = slot.late;
            giveBack(slot);
        }
        if (late != null) {
            late.answered(result);
            try (Mutex _ = lock.take()) {
                wakeWatchers();
            }
        }
        return true;
    }

    /** Lets another one be the receiver. */
    private void passOn() {
        try (Mutex _ = lock.take()) {
            hasReceiver = false;
            for (int i = 0; i <= SLOTS && !isIdle(); i++) {
                Slot slot = i < SLOTS ? slots[i] : versionSlot;
                if (slot.state == WAITING && slot.caller != Thread.currentThread()) {
                    LockSupport.unpark(slot.caller);
                    return;
                }
            }
            wakeWatchers();
        }
    }

    /** Ends every request with EIO. */
    private void die() {
        List<LateReply> left = new ArrayList<>();
        try (Mutex _ = lock.take()) {
            if (dead) {
                return;
            }
            dead = true;
            for (int i = 0; i <= SLOTS; i++) {
                Slot slot = i < SLOTS ? slots[i] : versionSlot;
                if (slot.state == WAITING) {
                    endDelivery(slot, -Errno.EIO);
                } else if (slot.state == LEFT) {
                    if (slot.late != null) {
                        left.add(slot.late);
                    }
                    giveBack(slot);
                }
            }
            socket.shutdown();
        }
        left.forEach(late -> late.answered(-Errno.EIO));
        try (Mutex _ = lock.take()) {
            wakeWatchers();
        }
    }

    private void closeDonated(int descriptor) {
        if (descriptor != P9Message.NO_DESCRIPTOR) {
            host.syscall(SyscallNr.CLOSE, descriptor);
        }
    }
}
