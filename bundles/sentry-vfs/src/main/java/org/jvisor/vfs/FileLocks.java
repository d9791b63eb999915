// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Vfs.LockRequest;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.vfs.LockRanges.Range;

/** The locks on one file: flock(2)'s, and fcntl(2)'s of both owners. */
final class FileLocks implements Restorable {

    /** fcntl(2) locks on one file; more is ENOLCK, since looking through them takes time that others wait for. */
    private static final int MAX_RANGES = 16_384;

    private final WaitQueue released = new WaitQueue();
    private final Mutex mutex = new Mutex(LockRank.FILE_LOCKS);
    private final List<Flock> flocks = new ArrayList<>(0);
    /** Of each owner, in the order in which they came. Seldom are there many. */
    private final List<LockRanges> ranges = new ArrayList<>(1);
    private int count;

    private record Flock(FileDescriptionImpl owner, boolean exclusive) {}

    /** Who is in the way, with what. */
    private record Obstacle(Object owner, Range range) {
        /** There is no memory for another lock. */
        static final Obstacle FULL = new Obstacle(null, null);
    }

    // ---- flock(2)

    long flock(Task task, FileDescriptionImpl file, int operation) {
        int kind = operation & ~Open.LOCK_NB;
        if (kind == Open.LOCK_UN) {
            unlock(file);
            return 0;
        }
        if (kind != Open.LOCK_SH && kind != Open.LOCK_EX) {
            return -Errno.EINVAL;
        }
        boolean exclusive = kind == Open.LOCK_EX;
        if (tryFlock(file, exclusive)) {
            return 0;
        }
        if ((operation & Open.LOCK_NB) != 0) {
            return -Errno.EAGAIN;
        }
        WaitQueue.Entry entry = task.waitEntry(0);
        released.add(entry, Poll.POLLIN);
        try {
            for (long slept = 0;; slept = task.sleep(Long.MAX_VALUE)) {
                if (tryFlock(file, exclusive)) {
                    return 0;
                }
                if (slept < 0) {
                    return slept;
                }
            }
        } finally {
            released.remove(entry);
        }
    }

    /** A lock of the other kind is given up first: conversion is not atomic (flock(2)). */
    private boolean tryFlock(FileDescriptionImpl file, boolean exclusive) {
        boolean gaveUp = false;
        boolean got = true;
        try (Mutex _ = mutex.take()) {
            for (int i = 0; i < flocks.size(); i++) {
                Flock held = flocks.get(i);
                if (held.owner == file) {
                    if (held.exclusive == exclusive) {
                        return true;
                    }
                    flocks.remove(i--);
                    gaveUp = true;
                }
            }
            for (Flock held : flocks) {
                got &= !exclusive && !held.exclusive;
            }
            if (got) {
                flocks.add(new Flock(file, exclusive));
            }
        }
        if (gaveUp) {
            released.wake(Poll.POLLIN);
        }
        return got;
    }

    private void unlock(FileDescriptionImpl file) {
        try (Mutex _ = mutex.take()) {
            flocks.removeIf(held -> held.owner == file);
        }
        released.wake(Poll.POLLIN);
    }

    // ---- fcntl(2)

    /** F_GETLK: what stands in the way of {@code request}, or F_UNLCK. */
    void test(Object owner, LockRequest request, long start, long end) {
        Obstacle found;
        try (Mutex _ = mutex.take()) {
            found = conflict(owner, request.type == Open.F_WRLCK, start, end);
        }
        if (found == null) {
            request.type = Open.F_UNLCK;
            return;
        }
        Range range = found.range;
        request.type = (short) (range.exclusive() ? Open.F_WRLCK : Open.F_RDLCK);
        request.whence = Open.SEEK_SET;
        request.start = range.start();
        request.length = range.end() == Long.MAX_VALUE ? 0 : range.end() - range.start() + 1;
        request.pid = range.pid();
    }

    /** F_SETLK, and with {@code wait} F_SETLKW. */
    long set(Task task, LockWaits waits, Object owner, Range wanted, boolean wait) {
        Obstacle obstacle = trySet(owner, wanted);
        if (obstacle == null) {
            return 0;
        }
        if (obstacle == Obstacle.FULL) {
            return -Errno.ENOLCK;
        }
        if (!wait) {
            return -Errno.EAGAIN;
        }
        LockWaits.Wait waiting = LockWaits.newWait(owner);
        WaitQueue.Entry entry = task.waitEntry(0);
        released.add(entry, Poll.POLLIN);
        try {
            for (long slept = 0;; slept = task.sleep(Long.MAX_VALUE)) {
                obstacle = trySet(owner, wanted);
                if (obstacle == null) {
                    return 0;
                }
                if (obstacle == Obstacle.FULL) {
                    return -Errno.ENOLCK;
                }
                if (slept < 0) {
                    return slept;
                }
                if (!waits.begin(waiting, obstacle.owner)) {
                    return -Errno.EDEADLK;
                }
            }
        } finally {
            waits.end(waiting);
            released.remove(entry);
        }
    }

    /** Null when it is set, or what is in the way. */
    private Obstacle trySet(Object owner, Range wanted) {
        try (Mutex _ = mutex.take()) {
            Obstacle obstacle = conflict(owner, wanted.exclusive(), wanted.start(), wanted.end());
            if (obstacle != null) {
                return obstacle;
            }
            LockRanges own = of(owner);
            if (own == null) {
                own = new LockRanges(owner);
                ranges.add(own);
            }
            LockRanges.Change change = own.set(wanted, more -> count(owner, more));
            if (change == LockRanges.Change.REFUSED) {
                forgetIfEmpty(own);
                return Obstacle.FULL;
            }
            if (change == LockRanges.Change.WEAKER) {
                released.wake(Poll.POLLIN);
            }
            return null;
        }
    }

    private Obstacle conflict(Object owner, boolean exclusive, long start, long end) {
        for (int i = 0; i < ranges.size(); i++) {
            LockRanges other = ranges.get(i);
            Range range = other.owner() == owner ? null : other.conflict(exclusive, start, end);
            if (range != null) {
                return new Obstacle(other.owner(), range);
            }
        }
        return null;
    }

    private LockRanges of(Object owner) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i).owner() == owner) {
                return ranges.get(i);
            }
        }
        return null;
    }

    /** F_UNLCK. */
    long unlock(Object owner, long start, long end) {
        LockRanges.Change change;
        try (Mutex _ = mutex.take()) {
            LockRanges own = of(owner);
            if (own == null) {
                return 0;
            }
            change = own.clear(start, end, more -> count(owner, more));
            forgetIfEmpty(own);
        }
        if (change == LockRanges.Change.WEAKER) {
            released.wake(Poll.POLLIN);
        }
        return change == LockRanges.Change.REFUSED ? -Errno.ENOLCK : 0; // a hole can leave one range more than there was
    }

    private void forgetIfEmpty(LockRanges own) {
        if (own.size() == 0) {
            ranges.remove(own);
        }
    }

    // ---- what they cost

    /** The process whose table it is, or who opened the description first. */
    private static Cgroup payer(Object owner) {
        return owner instanceof FdTableImpl table ? table.payer() : ((FileDescriptionImpl) owner).payer();
    }

    /** There are to be {@code more} ranges, or less; whether there may. */
    private boolean count(Object owner, int more) {
        Cgroup payer = payer(owner);
        if (more > 0 && (count + more > MAX_RANGES || payer != null && !payer.tryCharge(Charge.FILE_LOCK, more))) {
            return false;
        }
        if (more < 0 && payer != null) {
            payer.uncharge(Charge.FILE_LOCK, -more);
        }
        count += more;
        return true;
    }

    // ---- ends

    /** A process has closed a descriptor of the file: all its locks on it go (fcntl(2)). */
    void releasePosix(Object owner) {
        boolean any;
        try (Mutex _ = mutex.take()) {
            any = removeRanges(owner);
        }
        if (any) {
            released.wake(Poll.POLLIN);
        }
    }

    private boolean removeRanges(Object owner) {
        LockRanges gone = of(owner);
        if (gone == null) {
            return false;
        }
        ranges.remove(gone);
        count(owner, -gone.size());
        return true;
    }

    void releaseDescription(FileDescriptionImpl file) {
        boolean any;
        try (Mutex _ = mutex.take()) {
            any = flocks.removeIf(held -> held.owner == file) | removeRanges(file);
        }
        if (any) {
            released.wake(Poll.POLLIN);
        }
    }

    // ---- Restorable

    /** What they cost stays charged. */
    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            StateRecord record = new StateRecord("file locks", 1).put("count", count).putList("flocks").putList("ranges");
            for (Flock held : flocks) {
                record.add("flocks").putCore("owner", held.owner).put("exclusive", held.exclusive);
            }
            ranges.forEach(own -> {
                for (Range r : own.all()) {
                    record.add("ranges").putCore("owner", own.owner()).put("pid", r.pid()).put("exclusive", r.exclusive())
                            .put("start", r.start()).put("end", r.end());
                }
            });
            return record;
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            flocks.clear();
            ranges.clear();
            count = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            for (StateRecord held : record.items("flocks")) {
                flocks.add(new Flock(held.requireCore("owner", FileDescriptionImpl.class), held.getBoolean("exclusive", false)));
            }
            for (StateRecord r : record.items("ranges")) {
                Object owner = r.requireCore("owner", Object.class);
                if (of(owner) == null) {
                    ranges.add(new LockRanges(owner));
                }
                of(owner).set(new Range(r.requireInt("pid"), r.getBoolean("exclusive", false), r.requireLong("start"),
                        r.requireLong("end")), more -> true);
            }
            count = record.requireInt("count");
        }
    }
}
