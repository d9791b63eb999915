// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Vfs.LockRequest;
import org.jvisor.api.wait.WaitQueue;

/** The locks on one file: flock(2)'s, and fcntl(2)'s of both owners. */
final class FileLocks implements Restorable {

    /** fcntl(2) locks on one file; more is ENOLCK, since looking through them takes time that others wait for. */
    private static final int MAX_RANGES = 16_384;

    /** Those on all files together: they live in the Sentry's heap. */
    private static final int MAX_TOTAL = 500_000;
    private static final AtomicInteger TOTAL = new AtomicInteger();

    private final WaitQueue released = new WaitQueue();
    private final Mutex mutex = new Mutex(LockRank.FILE_LOCKS);
    private final List<Flock> flocks = new ArrayList<>();
    private final List<Range> ranges = new ArrayList<>();

    private record Flock(FileDescriptionImpl owner, boolean exclusive) {}

    /**
     * A lock of fcntl(2).
     *
     * @param owner the FdTable of a process, or an open file description
     * @param pid -1 for a description
     * @param end inclusive
     */
    record Range(Object owner, int pid, boolean exclusive, long start, long end) {

        boolean overlaps(long from, long to) {
            return start <= to && from <= end;
        }
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
        Range found;
        try (Mutex _ = mutex.take()) {
            found = conflict(owner, request.type == Open.F_WRLCK, start, end);
        }
        if (found == null) {
            request.type = Open.F_UNLCK;
            return;
        }
        request.type = (short) (found.exclusive ? Open.F_WRLCK : Open.F_RDLCK);
        request.whence = Open.SEEK_SET;
        request.start = found.start;
        request.length = found.end == Long.MAX_VALUE ? 0 : found.end - found.start + 1;
        request.pid = found.pid;
    }

    /** F_SETLK, and with {@code wait} F_SETLKW. */
    long set(Task task, LockWaits waits, Range wanted, boolean wait) {
        Range obstacle = trySet(wanted);
        if (obstacle == null) {
            return 0;
        }
        if (obstacle == FULL) {
            return -Errno.ENOLCK;
        }
        if (!wait) {
            return -Errno.EAGAIN;
        }
        LockWaits.Wait waiting = LockWaits.newWait(wanted.owner);
        WaitQueue.Entry entry = task.waitEntry(0);
        released.add(entry, Poll.POLLIN);
        try {
            for (long slept = 0;; slept = task.sleep(Long.MAX_VALUE)) {
                obstacle = trySet(wanted);
                if (obstacle == null) {
                    return 0;
                }
                if (obstacle == FULL) {
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

    private static final Range FULL = new Range(null, 0, true, 0, 0);

    /** Null when it is set, or what is in the way. */
    private Range trySet(Range wanted) {
        try (Mutex _ = mutex.take()) {
            Range obstacle = conflict(wanted.owner, wanted.exclusive, wanted.start, wanted.end);
            if (obstacle != null) {
                return obstacle;
            }
            if (isFull()) {
                return FULL;
            }
            int before = ranges.size();
            boolean weakened = cut(wanted.owner, wanted.start, wanted.end);
            ranges.add(joined(wanted));
            TOTAL.addAndGet(ranges.size() - before);
            if (weakened) {
                released.wake(Poll.POLLIN);
            }
            return null;
        }
    }

    private boolean isFull() {
        return ranges.size() >= MAX_RANGES || TOTAL.get() >= MAX_TOTAL;
    }

    private Range conflict(Object owner, boolean exclusive, long start, long end) {
        for (Range r : ranges) {
            if (r.owner != owner && (exclusive || r.exclusive) && r.overlaps(start, end)) {
                return r;
            }
        }
        return null;
    }

    /** F_UNLCK. */
    long unlock(Object owner, long start, long end) {
        boolean any;
        try (Mutex _ = mutex.take()) {
            if (isFull()) {
                return -Errno.ENOLCK; // the hole may leave one more range than there was
            }
            int before = ranges.size();
            any = cut(owner, start, end);
            TOTAL.addAndGet(ranges.size() - before);
        }
        if (any) {
            released.wake(Poll.POLLIN);
        }
        return 0;
    }

    /** Takes the bytes from the owner's ranges; whether there were any. */
    private boolean cut(Object owner, long start, long end) {
        boolean any = false;
        for (int i = ranges.size() - 1; i >= 0; i--) {
            Range r = ranges.get(i);
            if (r.owner == owner && r.overlaps(start, end)) {
                any = true;
                ranges.remove(i);
                if (r.start < start) {
                    ranges.add(new Range(owner, r.pid, r.exclusive, r.start, start - 1));
                }
                if (r.end > end) {
                    ranges.add(new Range(owner, r.pid, r.exclusive, end + 1, r.end));
                }
            }
        }
        return any;
    }

    /** {@code fresh} together with the owner's ranges of its kind that touch it, which are taken out. */
    private Range joined(Range fresh) {
        long start = fresh.start;
        long end = fresh.end;
        for (int i = ranges.size() - 1; i >= 0; i--) {
            Range r = ranges.get(i);
            boolean touches = r.end != Long.MAX_VALUE && r.end + 1 == start || end != Long.MAX_VALUE && end + 1 == r.start;
            if (r.owner == fresh.owner && r.exclusive == fresh.exclusive && touches) {
                start = Math.min(start, r.start);
                end = Math.max(end, r.end);
                ranges.remove(i);
            }
        }
        return new Range(fresh.owner, fresh.pid, fresh.exclusive, start, end);
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
        int before = ranges.size();
        ranges.removeIf(r -> r.owner == owner);
        TOTAL.addAndGet(ranges.size() - before);
        return ranges.size() < before;
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

    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            StateRecord record = new StateRecord("file locks", 1).putList("flocks").putList("ranges");
            for (Flock held : flocks) {
                record.add("flocks").putCore("owner", held.owner).put("exclusive", held.exclusive);
            }
            for (Range r : ranges) {
                record.add("ranges").putCore("owner", r.owner).put("pid", r.pid).put("exclusive", r.exclusive).put("start", r.start)
                        .put("end", r.end);
            }
            return record;
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            flocks.clear();
            TOTAL.addAndGet(-ranges.size());
            ranges.clear();
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            for (StateRecord held : record.items("flocks")) {
                flocks.add(new Flock(held.requireCore("owner", FileDescriptionImpl.class), held.getBoolean("exclusive", false)));
            }
            for (StateRecord r : record.items("ranges")) {
                ranges.add(new Range(r.requireCore("owner", Object.class), r.requireInt("pid"), r.getBoolean("exclusive", false),
                        r.requireLong("start"), r.requireLong("end")));
            }
            TOTAL.addAndGet(ranges.size());
        }
    }
}
