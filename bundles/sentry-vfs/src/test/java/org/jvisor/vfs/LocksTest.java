// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs.LockRequest;

class LocksTest {

    private static final Duration PATIENCE = Duration.ofSeconds(300);

    private final World w = new World();
    private final TestTask a = w.root;
    private final TestTask b = w.newTask();
    private final FileDescription fileA;
    private final FileDescription fileB;

    LocksTest() {
        w.write("/f", "x");
        fileA = w.open(a, "/f", Open.O_RDWR, 0);
        fileB = w.open(b, "/f", Open.O_RDWR, 0);
    }

    private static LockRequest request(int type, long start, long length) {
        LockRequest r = new LockRequest();
        r.type = (short) type;
        r.start = start;
        r.length = length;
        return r;
    }

    private long set(TestTask t, FileDescription file, int type, long start, long length) {
        return w.vfs.lock(t.task, file, Open.F_SETLK, request(type, start, length));
    }

    private LockRequest test(TestTask t, FileDescription file, int type, long start, long length) {
        LockRequest r = request(type, start, length);
        assertEquals(0, w.vfs.lock(t.task, file, Open.F_GETLK, r));
        return r;
    }

    @Test
    void shouldExcludeOverlappingWriters() {
        assertEquals(0, set(a, fileA, Open.F_WRLCK, 0, 10));
        assertEquals(-Errno.EAGAIN, set(b, fileB, Open.F_WRLCK, 9, 1));
        assertEquals(-Errno.EAGAIN, set(b, fileB, Open.F_RDLCK, 0, 0));
        assertEquals(0, set(b, fileB, Open.F_WRLCK, 10, 1));
        assertEquals(0, set(a, fileA, Open.F_RDLCK, 0, 10));
        assertEquals(0, set(b, fileB, Open.F_RDLCK, 0, 10));
        assertEquals(-Errno.EAGAIN, set(a, fileA, Open.F_WRLCK, 0, 10));
    }

    @Test
    void shouldSplitAndJoinRanges() {
        set(a, fileA, Open.F_WRLCK, 0, 100);
        set(a, fileA, Open.F_UNLCK, 40, 20);
        LockRequest first = test(b, fileB, Open.F_WRLCK, 0, 0);
        assertEquals(0, first.start + first.whence);
        assertEquals(40, first.length);
        assertEquals(a.id, first.pid);
        assertEquals(Open.F_UNLCK, test(b, fileB, Open.F_WRLCK, 40, 20).type);
        assertEquals(60, test(b, fileB, Open.F_RDLCK, 50, 100).start);
        set(a, fileA, Open.F_WRLCK, 40, 20);
        assertEquals(100, test(b, fileB, Open.F_RDLCK, 50, 1).length);
        set(a, fileA, Open.F_RDLCK, 100, 0);
        LockRequest tail = test(b, fileB, Open.F_WRLCK, 1000, 1);
        assertEquals(Open.F_RDLCK, tail.type);
        assertEquals(0, tail.length);
    }

    @Test
    void shouldTellTheLowestOfAnOwnersLocksThatIsInTheWay() {
        set(a, fileA, Open.F_WRLCK, 0, 100);
        set(a, fileA, Open.F_UNLCK, 40, 20);
        set(a, fileA, Open.F_RDLCK, 10, 10);
        LockRequest first = test(b, fileB, Open.F_WRLCK, 0, 200);
        assertEquals(Open.F_WRLCK, first.type);
        assertEquals(0, first.start);
        assertEquals(10, first.length);
        LockRequest second = test(b, fileB, Open.F_RDLCK, 10, 30);
        assertEquals(20, second.start);
        assertEquals(20, second.length);
        assertEquals(Open.F_UNLCK, test(b, fileB, Open.F_RDLCK, 12, 2).type);
    }

    @Test
    void shouldAgreeWithAMapOfBytes() {
        Random random = new Random(5);
        int[] bytes = new int[64];
        Arrays.fill(bytes, Open.F_UNLCK);
        for (int step = 0; step < 5000; step++) {
            int start = random.nextInt(bytes.length);
            int end = start + random.nextInt(bytes.length - start);
            int type = List.of(Open.F_RDLCK, Open.F_WRLCK, Open.F_UNLCK).get(random.nextInt(3));
            assertEquals(0, set(a, fileA, type, start, end - start + 1));
            Arrays.fill(bytes, start, end + 1, type);
            int probe = random.nextInt(bytes.length);
            LockRequest found = test(b, fileB, Open.F_WRLCK, probe, bytes.length - probe);
            int at = probe;
            while (at < bytes.length && bytes[at] == Open.F_UNLCK) {
                at++;
            }
            assertEquals(at == bytes.length ? Open.F_UNLCK : bytes[at], found.type, "step " + step);
            if (at < bytes.length) {
                int low = at;
                int high = at;
                while (low > 0 && bytes[low - 1] == bytes[at]) {
                    low--;
                }
                while (high + 1 < bytes.length && bytes[high + 1] == bytes[at]) {
                    high++;
                }
                assertEquals(low, found.start);
                assertEquals(high - low + 1, found.length, "joined");
            }
        }
    }

    @Test
    void shouldChargeLocks() {
        a.cgroup.setLimit(Charge.FILE_LOCK, 10);
        int count = 0;
        while (set(a, fileA, Open.F_WRLCK, 2 * count, 1) == 0) {
            count++;
        }
        assertEquals(-Errno.ENOLCK, set(a, fileA, Open.F_WRLCK, 2 * count, 1));
        assertEquals(10, count);
        assertEquals(10, a.cgroup.used(Charge.FILE_LOCK));
        assertEquals(0, set(a, fileA, Open.F_RDLCK, 0, 1), "no more than before");
        assertEquals(0, set(a, fileA, Open.F_UNLCK, 2, 1));
        assertEquals(9, a.cgroup.used(Charge.FILE_LOCK));
        assertEquals(0, set(a, fileA, Open.F_WRLCK, 40, 5));
        assertEquals(-Errno.ENOLCK, set(a, fileA, Open.F_UNLCK, 42, 1), "a hole");
        a.cgroup.setLimit(Charge.FILE_LOCK, 100);
        assertEquals(0, set(a, fileA, Open.F_WRLCK, 0, 0));
        assertEquals(1, a.cgroup.used(Charge.FILE_LOCK));
        assertEquals(0, set(a, fileA, Open.F_UNLCK, 5, 1));
        assertEquals(2, a.cgroup.used(Charge.FILE_LOCK));
        int fd = a.files.add(w.open(a, "/f", Open.O_RDONLY, 0), 0, 100, false);
        a.files.close(a.task, fd);
        assertEquals(0, a.cgroup.used(Charge.FILE_LOCK));
    }

    @Test
    void shouldCheckRequests() {
        assertEquals(-Errno.EINVAL, set(a, fileA, Open.F_WRLCK, -1, 5));
        assertEquals(-Errno.EINVAL, set(a, fileA, Open.F_WRLCK, 3, -5));
        assertEquals(0, set(a, fileA, Open.F_WRLCK, 5, -5));
        assertEquals(-Errno.EOVERFLOW, set(a, fileA, Open.F_WRLCK, 5, Long.MAX_VALUE));
        assertEquals(-Errno.EINVAL, set(a, fileA, 7, 0, 0));
        FileDescription reader = w.open(a, "/f", Open.O_RDONLY, 0);
        assertEquals(-Errno.EBADF, set(a, reader, Open.F_WRLCK, 0, 0));
        LockRequest ofd = request(Open.F_WRLCK, 0, 0);
        ofd.pid = 1;
        assertEquals(-Errno.EINVAL, w.vfs.lock(a.task, fileA, Open.F_OFD_SETLK, ofd));
    }

    @Test
    void shouldDropAProcessesLocksWhenItClosesAnyDescriptor() {
        FileDescription again = w.open(a, "/f", Open.O_RDONLY, 0);
        int fd = a.files.add(again, 0, 100, false);
        set(a, fileA, Open.F_WRLCK, 0, 0);
        assertEquals(-Errno.EAGAIN, set(b, fileB, Open.F_WRLCK, 0, 0));
        a.files.close(a.task, fd);
        assertEquals(0, set(b, fileB, Open.F_WRLCK, 0, 0));
    }

    @Test
    void shouldKeepDescriptionLocksApartEvenInOneProcess() {
        FileDescription other = w.open(a, "/f", Open.O_RDWR, 0);
        assertEquals(0, w.vfs.lock(a.task, fileA, Open.F_OFD_SETLK, request(Open.F_WRLCK, 0, 0)));
        assertEquals(-Errno.EAGAIN, w.vfs.lock(a.task, other, Open.F_OFD_SETLK, request(Open.F_WRLCK, 0, 0)));
        LockRequest seen = request(Open.F_WRLCK, 0, 0);
        w.vfs.lock(a.task, other, Open.F_OFD_GETLK, seen);
        assertEquals(-1, seen.pid);
        fileA.release(null);
        assertEquals(0, w.vfs.lock(a.task, other, Open.F_OFD_SETLK, request(Open.F_WRLCK, 0, 0)));
    }

    @Test
    void shouldWaitForALock() {
        set(a, fileA, Open.F_WRLCK, 0, 0);
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> waiting = CompletableFuture.supplyAsync(
                    () -> w.vfs.lock(b.task, fileB, Open.F_SETLKW, request(Open.F_WRLCK, 0, 0)));
            b.slept.acquire();
            set(a, fileA, Open.F_UNLCK, 0, 0);
            assertEquals(0, waiting.get());
            CompletableFuture<Long> interrupted = CompletableFuture.supplyAsync(
                    () -> w.vfs.lock(a.task, fileA, Open.F_SETLKW, request(Open.F_WRLCK, 0, 0)));
            a.slept.acquire();
            a.interrupt();
            assertEquals(-Errno.ERESTARTSYS, interrupted.get());
        });
    }

    @Test
    void shouldFindDeadlocks() {
        set(a, fileA, Open.F_WRLCK, 0, 1);
        set(b, fileB, Open.F_WRLCK, 1, 1);
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> waiting = CompletableFuture.supplyAsync(
                    () -> w.vfs.lock(a.task, fileA, Open.F_SETLKW, request(Open.F_WRLCK, 1, 1)));
            a.slept.acquire();
            assertEquals(-Errno.EDEADLK, w.vfs.lock(b.task, fileB, Open.F_SETLKW, request(Open.F_WRLCK, 0, 1)));
            set(b, fileB, Open.F_UNLCK, 1, 1);
            assertEquals(0, waiting.get());
        });
    }

    @Test
    void shouldLockWholeFilesByDescription() {
        assertEquals(0, w.vfs.flock(a.task, fileA, Open.LOCK_SH));
        assertEquals(0, w.vfs.flock(b.task, fileB, Open.LOCK_SH | Open.LOCK_NB));
        assertEquals(-Errno.EAGAIN, w.vfs.flock(b.task, fileB, Open.LOCK_EX | Open.LOCK_NB));
        assertEquals(0, w.vfs.flock(a.task, fileA, Open.LOCK_UN));
        assertEquals(0, w.vfs.flock(b.task, fileB, Open.LOCK_EX | Open.LOCK_NB));
        assertEquals(-Errno.EAGAIN, w.vfs.flock(a.task, fileA, Open.LOCK_EX | Open.LOCK_NB));
        assertEquals(-Errno.EINVAL, w.vfs.flock(a.task, fileA, 64));
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> waiting =
                    CompletableFuture.supplyAsync(() -> w.vfs.flock(a.task, fileA, Open.LOCK_EX));
            a.slept.acquire();
            fileB.release(null);
            assertEquals(0, waiting.get());
        });
    }
}
