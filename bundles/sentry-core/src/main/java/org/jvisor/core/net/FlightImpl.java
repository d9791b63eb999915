// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.net;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.net.Flight;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.process.UserCounts;

/**
 * All descriptions in flight. What cannot be received any more is found by following messages from a socket to the sockets that they
 * carry, whenever the last reference of one that is in flight is dropped, but for those of messages: nothing else can make a socket
 * unreachable, and if it did so, the way from the socket leads back to it. See {@link Reach}.
 *
 * <p>A program may make such ways as long as it is allowed descriptions in flight, and drop references one by one. So each such event
 * earns a little, each step on a way costs, and when it does not pay the search is left to a later event, which then looks at all.
 */
public final class FlightImpl implements Flight {

    /** Steps that can be made without having been earned. */
    private static final long CREDIT = 1 << 18;
    private static final long EARNED = 256;
    /** Who has looked for so many is relieved by the next who comes. */
    private static final int MANY = 64;

    private final Function<Task, UserCounts> users;

    private final Mutex lock = new Mutex(LockRank.SOCKET_FLIGHT);
    /** Sockets that are in flight; guarded by the lock, as all that follows. */
    private final ArrayList<CarrierImpl> flying = new ArrayList<>();
    /** Whose reference was dropped while somebody was collecting, who then looks at them, too. */
    private final ArrayDeque<CarrierImpl> suspects = new ArrayDeque<>();
    private boolean allSuspect;
    /** Who is collecting; null: nobody. */
    private Thread collector;
    /** How many unreachable sets of sockets it has looked for. */
    private int rounds;
    private long credit = CREDIT;
    private boolean postponed;
    private long searches;

    /** @param users where a task's user is counted */
    public FlightImpl(Function<Task, UserCounts> users) {
        this.users = users;
    }

    /** A socket's queue. Fields that are not volatile are guarded by the lock. */
    final class CarrierImpl implements Carrier {
        private volatile CarrierImpl listener;
        /** Whether {@link #first} is not null; written with the lock held. */
        private volatile boolean carries;

        /** The socket's description while it is in flight. */
        FileDescription file;
        /** How often it is. */
        private int inFlight;
        /** Its place in {@link #flying}. */
        private int index;
        private boolean suspect;
        /** The messages in its queue that carry sockets. */
        PassageImpl first;
        /** Connections that its socket has not accepted, whose queues have such messages; null: none. */
        List<CarrierImpl> waiting;
        private CarrierImpl waitingAt;

        /** {@link Reach}'s own. */
        final Reach.Mark mark = new Reach.Mark();

        @Override
        public void waitsAt(Carrier newListener) {
            listener = (CarrierImpl) newListener;
            // Whoever sends to it says so before it asks for the listener, so one of both sees the other.
            if (newListener == null && carries) {
                try (Mutex _ = lock.take()) {
                    waitNoMore();
                }
            }
        }

        boolean hasNoDescriptionYet() {
            return file == null && listener != null;
        }

        private void waitNoMore() {
            if (waitingAt != null) {
                waitingAt.waiting.remove(this);
                waitingAt = null;
            }
        }

        private void add(PassageImpl passage) {
            passage.next = first;
            if (first != null) {
                first.previous = passage;
            }
            first = passage;
            carries = true;
            CarrierImpl at = listener;
            if (at != null && waitingAt == null) {
                if (at.waiting == null) {
                    at.waiting = new ArrayList<>(1);
                }
                at.waiting.add(this);
                waitingAt = at;
            }
        }

        private void remove(PassageImpl passage) {
            if (passage.previous == null) {
                first = passage.next;
            } else {
                passage.previous.next = passage.next;
            }
            if (passage.next != null) {
                passage.next.previous = passage.previous;
            }
            passage.next = null;
            passage.previous = null;
            if (first == null) {
                carries = false;
                waitNoMore();
            }
        }

        private void depart(FileDescription description) {
            if (inFlight++ == 0) {
                file = description;
                index = flying.size();
                flying.add(this);
            }
            description.inFlight(1);
        }

        private void land() {
            file.inFlight(-1);
            if (--inFlight == 0) {
                file = null;
                CarrierImpl last = flying.removeLast();
                if (last != this) {
                    flying.set(index, last);
                    last.index = index;
                }
            }
        }

        private boolean isOnlyInFlight() {
            return file != null && file.references() <= inFlight;
        }

        @Override
        public void collect() {
            CarrierImpl start = this;
            try (Mutex _ = lock.take()) {
                if (!isOnlyInFlight()) {
                    return;
                }
                credit = Math.min(CREDIT, credit + EARNED);
                if (credit <= 0) {
                    postponed = true;
                    return;
                }
                if (postponed) {
                    start = null;
                }
                if (!begin(start)) {
                    return;
                }
            }
            collectAll();
        }
    }

    /** A message's descriptions. */
    final class PassageImpl implements Passage {
        private final FileDescription[] files;
        private final Cgroup cgroup;
        private final UserCounts payer;
        private final int uid;
        private final CarrierImpl holder;
        /** Those of the sockets among the files; null: there is none. */
        final CarrierImpl[] carried;
        /** Others of the same holder. */
        PassageImpl next;
        private PassageImpl previous;

        PassageImpl(FileDescription[] files, CarrierImpl[] carried, CarrierImpl holder, Cgroup cgroup, UserCounts payer, int uid) {
            this.files = files;
            this.carried = carried;
            this.holder = holder;
            this.cgroup = cgroup;
            this.payer = payer;
            this.uid = uid;
        }

        @Override
        public FileDescription[] files() {
            return files;
        }

        @Override
        public void departed() {
            // The sender's own descriptor may have been closed meanwhile.
            for (int i = 0; carried != null && i < carried.length; i++) {
                carried[i].collect();
            }
        }

        @Override
        public FileDescription[] arrive() {
            if (carried != null) {
                try (Mutex _ = lock.take()) {
                    holder.remove(this);
                    for (CarrierImpl one : carried) {
                        one.land();
                    }
                }
            }
            cgroup.uncharge(Charge.IN_FLIGHT, files.length);
            payer.removeInFlight(uid, files.length);
            return files;
        }

        @Override
        public void drop() {
            for (FileDescription file : arrive()) {
                file.release(null);
            }
        }
    }

    @Override
    public Carrier newCarrier() {
        return new CarrierImpl();
    }

    @Override
    public Passage depart(Task task, Carrier to, FileDescription[] files) {
        CarrierImpl[] carried = carriers(files);
        PassageImpl passage = new PassageImpl(files, carried, (CarrierImpl) to, task.cgroup(), users.apply(task),
                task.credentials().uid());
        if (!charge(task, passage)) {
            collect();
            if (!charge(task, passage)) {
                throw ErrnoException.of(Errno.ETOOMANYREFS);
            }
        }
        if (carried != null) {
            int i = 0;
            try (Mutex _ = lock.take()) {
                passage.holder.add(passage);
                for (FileDescription file : files) {
                    CarrierImpl one = carrier(file);
                    if (one != null) {
                        carried[i++] = one;
                        one.depart(file);
                    }
                }
            }
        }
        return passage;
    }

    private static boolean charge(Task task, PassageImpl passage) {
        int count = passage.files.length;
        boolean free = task.hasCapability(Capability.CAP_SYS_RESOURCE) || task.hasCapability(Capability.CAP_SYS_ADMIN);
        if (!passage.payer.addInFlight(passage.uid, count, free ? -1 : task.group().softLimit(Rlimit.RLIMIT_NOFILE))) {
            return false;
        }
        if (passage.cgroup.tryCharge(Charge.IN_FLIGHT, count)) {
            return true;
        }
        passage.payer.removeInFlight(passage.uid, count);
        return false;
    }

    private static CarrierImpl[] carriers(FileDescription[] files) {
        int count = 0;
        for (FileDescription file : files) {
            count += carrier(file) == null ? 0 : 1;
        }
        return count == 0 ? null : new CarrierImpl[count];
    }

    private static CarrierImpl carrier(FileDescription file) {
        return file.operations() instanceof Socket socket ? (CarrierImpl) socket.carrier() : null;
    }

    // ---- collecting

    @Override
    public void collect() {
        try (Mutex _ = lock.take()) {
            if (!begin(null)) {
                return;
            }
        }
        collectAll();
    }

    /** Whether the caller is to collect; otherwise somebody else does, or the caller itself is about it. With the lock held. */
    private boolean begin(CarrierImpl start) {
        if (start == null) {
            allSuspect = true;
        } else if (!start.suspect) {
            start.suspect = true;
            suspects.add(start);
        }
        Thread self = Thread.currentThread();
        if (collector == null || collector != self && rounds > MANY) {
            collector = self;
            rounds = 0;
            return true;
        }
        return false;
    }

    /** Until there is no suspect. What is dropped on the way may make others suspect, so this does not call itself. */
    private void collectAll() {
        RuntimeException failure = null;
        for (List<FileDescription> found; (found = nextUnreachable()) != null;) {
            for (FileDescription file : found) {
                try {
                    drop(file);
                } catch (RuntimeException e) {
                    failure = e; // of one file, in the code of any bundle: no reason to leave out the others
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static void drop(FileDescription socket) {
        try {
            ((Socket) socket.operations()).dropCarried();
        } finally {
            socket.release(null);
        }
    }

    /** Null: there are no suspects any more, or somebody else looks at the others. */
    private List<FileDescription> nextUnreachable() {
        try (Mutex _ = lock.take()) {
            if (collector != Thread.currentThread()) {
                return null;
            }
            rounds++;
            while (allSuspect || !suspects.isEmpty()) {
                Reach reach = new Reach(++searches);
                boolean found;
                if (allSuspect) {
                    allSuspect = false;
                    postponed = false;
                    flying.forEach(reach::add);
                    found = reach.follow();
                } else {
                    CarrierImpl one = suspects.poll();
                    one.suspect = false;
                    reach.add(one);
                    found = one.isOnlyInFlight() && reach.follow() && reach.leadsTo(one);
                }
                credit -= reach.steps();
                if (found) {
                    return reach.unreachable();
                }
            }
            collector = null;
            return null;
        }
    }
}
