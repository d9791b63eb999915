// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;

class FdTableTest {

    private static final long LIMIT = 1024;

    private final World w = new World();
    private final Cgroup cgroup = new Cgroup(null);
    private final FdTable table = w.vfs.newFdTable(cgroup);
    private final AtomicInteger released = new AtomicInteger();
    private final AtomicInteger flushed = new AtomicInteger();

    private FileDescription file() {
        return w.vfs.newAnonymous(new FileOperations() {
            @Override
            public void release(FileDescription file) {
                released.incrementAndGet();
            }

            @Override
            public long flush(Task task, FileDescription file) {
                flushed.incrementAndGet();
                return -Errno.EIO;
            }
        }, Open.O_RDWR, "anon_inode:[test]", 0600);
    }

    @Test
    void shouldGiveTheLowestFreeDescriptor() {
        for (int i = 0; i < 200; i++) {
            assertEquals(i, table.add(file(), 0, LIMIT, false));
        }
        table.close(null, 70);
        table.close(null, 5);
        assertEquals(70, table.add(file(), 10, LIMIT, false));
        assertEquals(5, table.add(file(), 0, LIMIT, false));
        assertEquals(200, table.add(file(), 0, LIMIT, false));
        assertEquals(500, table.add(file(), 500, LIMIT, false));
        assertEquals(501, table.add(file(), 500, LIMIT, false));
        assertEquals(201, table.add(file(), 0, LIMIT, false));
        assertEquals(501, table.highest());
    }

    /** A description is counted once, by whom it came to first, and as long as anybody has it. */
    @Test
    void shouldBeBoundedByTheCgroup() {
        cgroup.setLimit(Charge.OPEN_FILE, 2);
        FileDescription file = file();
        file.retain();
        assertEquals(0, table.add(file, 0, LIMIT, false));
        file.retain();
        assertEquals(0, table.put(null, 1, file, LIMIT, false));
        assertEquals(2, table.add(file(), 0, LIMIT, false));
        FileDescription third = file();
        assertEquals(-Errno.ENFILE, table.add(third, 0, LIMIT, false));
        assertEquals(-Errno.ENFILE, table.put(null, 7, third, LIMIT, false));
        FdTable other = w.vfs.newFdTable(new Cgroup(null));
        assertEquals(0, other.add(third, 0, LIMIT, false));
        assertEquals(2, cgroup.used(Charge.OPEN_FILE));
        FdTable copy = table.copy(cgroup);
        table.release(null);
        assertEquals(2, cgroup.used(Charge.OPEN_FILE));
        copy.release(null);
        assertEquals(1, cgroup.used(Charge.OPEN_FILE));
        file.release(null);
        assertEquals(0, cgroup.used(Charge.OPEN_FILE));
        other.release(null);
    }

    @Test
    void shouldPayForItsOwnMemory() {
        cgroup.setLimit(Charge.DESCRIPTOR_CHUNK, 2);
        for (int fd = 0; fd < 3 * 64; fd++) {
            assertEquals(fd, table.add(file(), 0, LIMIT, false));
        }
        FileDescription more = file();
        assertEquals(-Errno.ENOMEM, table.add(more, 0, LIMIT, false));
        assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, () -> table.copy(cgroup)).errno());
        more.release(null);
        table.release(null);
        assertEquals(0, cgroup.used(Charge.DESCRIPTOR_CHUNK));
    }

    @Test
    void shouldRespectTheLimit() {
        assertEquals(0, table.add(file(), 0, 2, false));
        assertEquals(1, table.add(file(), 0, 2, false));
        assertEquals(-Errno.EMFILE, table.add(file(), 0, 2, false));
        assertEquals(-Errno.EBADF, table.put(null, 2, file(), 2, false));
        assertEquals(-Errno.EMFILE, table.add(file(), 1 << 20, -1, false));
    }

    @Test
    void shouldCloseOnceTheLastReferenceGoes() {
        FileDescription file = file();
        int fd = table.add(file, 0, LIMIT, false);
        file.retain();
        table.put(null, 9, file, LIMIT, false);
        assertSame(file, table.acquire(fd));
        file.release(null);
        assertEquals(-Errno.EIO, table.close(null, fd));
        assertEquals(0, released.get());
        assertNull(table.acquire(fd));
        table.close(null, 9);
        assertEquals(1, released.get());
        assertEquals(2, flushed.get());
        assertEquals(-Errno.EBADF, table.close(null, 9));
        assertEquals(-Errno.EBADF, table.close(null, -1));
        assertNull(table.acquire(-1));
        assertNull(table.acquire(1_000_000));
    }

    @Test
    void shouldReplaceByPut() {
        table.add(file(), 0, LIMIT, true);
        FileDescription other = file();
        assertEquals(0, table.put(null, 0, other, LIMIT, false));
        assertEquals(1, released.get());
        assertEquals(0, table.getFlags(0));
        FileDescription got = table.acquire(0);
        assertSame(other, got);
        assertEquals(0, table.put(null, 300, file(), LIMIT, true));
        assertEquals(Open.FD_CLOEXEC, table.getFlags(300));
    }

    @Test
    void shouldCloseOnExec() {
        for (int i = 0; i < 130; i++) {
            table.add(file(), 0, LIMIT, i % 2 == 0);
        }
        table.setFlags(1, true);
        table.setFlags(2, false);
        assertEquals(-Errno.EBADF, table.setFlags(900, true));
        table.closeOnExec(null);
        assertNull(table.acquire(0));
        assertNull(table.acquire(1));
        assertNotNull(table.acquire(2));
        assertNotNull(table.acquire(129));
        assertEquals(65, released.get());
    }

    @Test
    void shouldCloseRanges() {
        for (int i = 0; i < 10; i++) {
            table.add(file(), 0, LIMIT, false);
        }
        table.closeRange(null, 3, 5, true);
        assertEquals(Open.FD_CLOEXEC, table.getFlags(4));
        assertEquals(0, table.getFlags(6));
        table.closeRange(null, 5, -1, false);
        assertArrayEquals(new int[] {0, 1, 2, 3, 4}, table.descriptors());
    }

    @Test
    void shouldCopyForFork() {
        for (int i = 0; i < 100; i++) {
            table.add(file(), 0, LIMIT, i == 7);
        }
        table.close(null, 50);
        FdTable copy = table.copy(cgroup);
        assertEquals(Open.FD_CLOEXEC, copy.getFlags(7));
        assertNull(copy.acquire(50));
        assertEquals(50, copy.add(file(), 0, LIMIT, false));
        table.release(null);
        assertEquals(1, released.get());
        copy.retain();
        copy.release(null);
        assertEquals(1, released.get());
        copy.release(null);
        assertEquals(101, released.get());
        assertEquals(-1, copy.highest());
    }

    @Test
    void shouldNeverHandOutAClosedDescription() {
        assertTimeoutPreemptively(Duration.ofSeconds(300), () -> {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicBoolean dead = new AtomicBoolean();
            List<Thread> readers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                readers.add(Thread.ofPlatform().start(() -> {
                    while (!stop.get()) {
                        FileDescription file = table.acquire(3);
                        if (file != null) {
                            if (((Counted) file.operations()).released) {
                                dead.set(true);
                            }
                            file.release(null);
                        }
                    }
                }));
            }
            for (int i = 0; i < 20_000; i++) {
                FileDescription file = w.vfs.newAnonymous(new Counted(), Open.O_RDWR, "anon_inode:[test]", 0600);
                table.put(null, 3, file, LIMIT, false);
                if (i % 3 == 0) {
                    table.close(null, 3);
                }
                if (i % 5000 == 0) {
                    table.put(null, 100 << i / 5000, file(), LIMIT * 8, false);
                }
            }
            stop.set(true);
            for (Thread reader : readers) {
                reader.join();
            }
            assertFalse(dead.get());
        });
    }

    private static final class Counted implements FileOperations {
        volatile boolean released;

        @Override
        public void release(FileDescription file) {
            released = true;
        }
    }
}
