// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.vfs.World.fails;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.api.wait.WaitQueue;

class DescriptionTest {

    private static final Duration PATIENCE = Duration.ofSeconds(300);

    private final World w = new World();

    @Test
    void shouldMoveThePositionByReadsAndWrites() {
        FileDescription file = w.open("/f", Open.O_CREAT | Open.O_RDWR);
        assertEquals(6, World.write(w.root, file, "abcdef"));
        assertEquals(6, file.position());
        assertEquals("", World.read(w.root, file, 10));
        assertEquals(2, file.seek(w.root.task, 2, Open.SEEK_SET));
        assertEquals("cd", World.read(w.root, file, 2));
        assertEquals(4, file.position());
        assertEquals(2, file.writeAt(w.root.task, World.source("XY"), 0));
        assertEquals(4, file.position());
        byte[] got = new byte[3];
        assertEquals(3, file.readAt(w.root.task, World.MEMORY.kernelBuffer(got, 0, 3), 0));
        assertEquals("XYc", new String(got));
        assertEquals(4, file.position());
    }

    @Test
    void shouldSeek() {
        FileDescription file = w.open("/f", Open.O_CREAT | Open.O_RDWR);
        World.write(w.root, file, "abcdef");
        assertEquals(4, file.seek(w.root.task, -2, Open.SEEK_END));
        assertEquals(3, file.seek(w.root.task, -1, Open.SEEK_CUR));
        assertEquals(-Errno.EINVAL, file.seek(w.root.task, -4, Open.SEEK_CUR));
        assertEquals(-Errno.EINVAL, file.seek(w.root.task, 0, 9));
        assertEquals(-Errno.EOVERFLOW, file.seek(w.root.task, Long.MAX_VALUE, Open.SEEK_CUR));
        assertEquals(3, file.position());
        assertEquals(100, file.seek(w.root.task, 100, Open.SEEK_SET));
        assertEquals(1, World.write(w.root, file, "z"));
        assertEquals(101, w.stat("/f").size);
        assertEquals(-Errno.EINVAL, file.readAt(w.root.task, World.source("x"), -1));
        assertEquals(-Errno.EINVAL, file.writeAt(w.root.task, World.source("x"), -1));
    }

    @Test
    void shouldAppend() {
        w.write("/f", "one");
        FileDescription file = w.open("/f", Open.O_RDWR | Open.O_APPEND);
        assertEquals(3, World.write(w.root, file, "two"));
        assertEquals(6, file.position());
        file.seek(w.root.task, 1, Open.SEEK_SET);
        assertEquals(1, file.writeAt(w.root.task, World.source("!"), 0));
        assertEquals(1, file.position());
        assertEquals("onetwo!", w.read("/f"));
        file.setFlags(0);
        assertEquals(1, World.write(w.root, file, "N"));
        assertEquals("oNetwo!", w.read("/f"));
    }

    @Test
    void shouldRefuseTheWrongMode() {
        w.write("/f", "x");
        FileDescription reader = w.open("/f", Open.O_RDONLY);
        FileDescription writer = w.open("/f", Open.O_WRONLY);
        assertEquals(-Errno.EBADF, World.write(w.root, reader, "x"));
        assertEquals(-Errno.EBADF, writer.read(w.root.task, World.source("x")));
        FileDescription directory = w.open("/", Open.O_RDONLY);
        assertEquals(-Errno.EISDIR, directory.read(w.root.task, World.source("x")));
        assertEquals(-Errno.ENOTDIR, reader.readdir(w.root.task, (n, i, t, p) -> true));
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        assertEquals(-Errno.ESPIPE, pipe[0].seek(w.root.task, 0, 0));
        assertEquals(-Errno.ESPIPE, pipe[0].readAt(w.root.task, World.source("x"), 0));
        assertEquals(-Errno.ESPIPE, pipe[1].writeAt(w.root.task, World.source("x"), 0));
        assertEquals(-Errno.EBADF, pipe[1].read(w.root.task, World.source("x")));
    }

    @Test
    void shouldStopAtTheFileSizeLimit() {
        FileDescription file = w.open("/f", Open.O_CREAT | Open.O_RDWR);
        w.root.fileSizeLimit = 4;
        assertEquals(4, World.write(w.root, file, "abcdef"));
        assertEquals(0, w.root.signals.size());
        assertEquals(-Errno.EFBIG, World.write(w.root, file, "g"));
        assertEquals(25, w.root.signals.getFirst().signal());
        assertEquals(1, file.writeAt(w.root.task, World.source("XYZ"), 3));
        assertEquals("abcX", w.read("/f"));
        w.root.fileSizeLimit = -1;
        assertEquals(-Errno.EINVAL, file.writeAt(w.root.task, World.source("XYZ"), Long.MAX_VALUE));
        assertEquals(-Errno.EINVAL, file.readAt(w.root.task, World.source("XYZ"), Long.MAX_VALUE - 1));
    }

    @Test
    void shouldReadDirectoriesInParts() {
        for (int i = 0; i < 10; i++) {
            w.write("/f" + i, "x");
        }
        FileDescription directory = w.open("/", Open.O_RDONLY | Open.O_DIRECTORY);
        StringBuilder seen = new StringBuilder();
        for (int round = 0; round < 6; round++) {
            int[] room = {2};
            directory.readdir(w.root.task, (name, ino, type, next) -> {
                if (room[0]-- > 0) {
                    seen.append(name).append(' ');
                    return true;
                }
                return false;
            });
            if (round == 2) {
                w.unlink("/f5");
                w.unlink("/f3");
                w.write("/fnew", "x");
            }
        }
        assertEquals(". .. f0 f1 f2 f3 f4 f6 f7 f8 f9 fnew ", seen.toString());
        assertEquals(0, directory.seek(w.root.task, 0, Open.SEEK_SET));
        directory.readdir(w.root.task, (name, ino, type, next) -> {
            assertEquals(".", name);
            assertEquals(Mode.DT_DIR, type);
            return false;
        });
    }

    // ---- blocking

    @Test
    void shouldBlockUntilSomethingComes() {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<String> reading = CompletableFuture.supplyAsync(() -> World.read(w.root, pipe[0], 10));
            w.root.slept.acquire();
            World.write(w.newTask(), pipe[1], "hello");
            assertEquals("hello", reading.get());
        });
    }

    @Test
    void shouldReturnWhatWasWrittenWhenInterrupted() {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> writing =
                    CompletableFuture.supplyAsync(() -> World.write(w.root, pipe[1], "x".repeat(100_000)));
            w.root.slept.acquire();
            w.root.interrupt();
            assertEquals(65536, writing.get());
            CompletableFuture<Long> again = CompletableFuture.supplyAsync(() -> World.write(w.root, pipe[1], "x"));
            w.root.slept.acquire();
            w.root.interrupt();
            assertEquals(-Errno.ERESTARTSYS, again.get());
        });
    }

    @Test
    void shouldGoOnWhereItWasWhenItsHandlerIsReplaced() {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        TestTask reader = w.newTask();
        String content = "abcdefghij".repeat(10_000);
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> writing = CompletableFuture.supplyAsync(() -> World.write(w.root, pipe[1], content));
            w.root.slept.acquire();
            w.root.replaceHandler();
            assertEquals(-Errno.ERESTARTSYS, writing.get());
            w.root.runAgain();
            CompletableFuture<Long> again = CompletableFuture.supplyAsync(() -> World.write(w.root, pipe[1], content));
            StringBuilder got = new StringBuilder();
            while (got.length() < content.length()) {
                got.append(World.read(reader, pipe[0], 8192));
            }
            assertEquals(content.length(), again.get());
            assertEquals(content, got.toString());
        });
    }

    @Test
    void shouldWaitNoLongerThanItsFileSays() {
        WaitQueue queue = new WaitQueue();
        long[] timeoutNs = {1};
        FileDescription file = w.vfs.newAnonymous(new FileOperations() {
            @Override
            public long read(Task task, FileDescription file, IoBuffer target, long offset) {
                return -Errno.EAGAIN;
            }

            @Override
            public WaitQueue waitQueue() {
                return queue;
            }

            @Override
            public long timeoutNs(boolean write) {
                return timeoutNs[0];
            }
        }, Open.O_RDWR, "socket:[1]", Mode.S_IFSOCK | 0777);
        assertEquals(-Errno.EAGAIN, file.read(w.root.task, World.source("x")));
        timeoutNs[0] = PATIENCE.toNanos();
        w.root.call.begin();
        w.root.interrupt();
        assertEquals(-Errno.EINTR, file.read(w.root.task, World.source("x")));
        assertTrue(queue.isEmpty());
    }

    @Test
    void shouldNotBlockWhenAskedNotTo() {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        assertEquals(-Errno.EAGAIN, pipe[0].read(w.root.task, World.source("x")));
        assertEquals(65536, World.write(w.root, pipe[1], "x".repeat(100_000)));
        assertEquals(-Errno.EAGAIN, World.write(w.root, pipe[1], "x"));
        assertEquals(Poll.POLLIN | Poll.POLLRDNORM, pipe[0].poll());
        pipe[1].release(null);
        assertEquals(65536, pipe[0].read(w.root.task, World.MEMORY.kernelBuffer(new byte[70_000], 0, 70_000)));
        assertEquals(0, pipe[0].read(w.root.task, World.source("x")));
    }

    // ---- fifos

    @Test
    void shouldJoinThoseThatOpenAFifo() {
        w.mknod(w.root, "/p", Mode.S_IFIFO | 0666, 0);
        fails(Errno.ENXIO, () -> w.open("/p", Open.O_WRONLY | Open.O_NONBLOCK));
        assertTimeoutPreemptively(PATIENCE, () -> {
            TestTask reader = w.newTask();
            CompletableFuture<FileDescription> opening =
                    CompletableFuture.supplyAsync(() -> w.open(reader, "/p", Open.O_RDONLY, 0));
            reader.slept.acquire();
            FileDescription writing = w.open("/p", Open.O_WRONLY);
            FileDescription reading = opening.get();
            World.write(w.root, writing, "through");
            assertEquals("through", World.read(reader, reading, 20));
            writing.release(null);
            assertEquals("", World.read(reader, reading, 20));
        });
    }

    @Test
    void shouldLetASignalEndTheOpeningOfAFifo() {
        w.mknod(w.root, "/p", Mode.S_IFIFO | 0666, 0);
        assertTimeoutPreemptively(PATIENCE, () -> {
            TestTask reader = w.newTask();
            CompletableFuture<FileDescription> opening =
                    CompletableFuture.supplyAsync(() -> w.open(reader, "/p", Open.O_RDONLY, 0));
            reader.slept.acquire();
            reader.interrupt();
            ExecutionException e = org.junit.jupiter.api.Assertions.assertThrows(ExecutionException.class, opening::get);
            assertTrue(e.getCause().getMessage().startsWith("ERESTARTSYS"));
            w.unlink("/p");
        });
    }

    @Test
    void shouldOpenAPipeAgainByItsPlace() {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        assertTrue(w.vfs.name(w.root.task, pipe[0].path()).matches("pipe:\\[\\d+\\]"));
        FileDescription writer = w.vfs.open(w.root.task, pipe[0].path(), Open.O_WRONLY);
        World.write(w.root, writer, "again");
        assertEquals("again", World.read(w.root, pipe[0], 10));
    }

    // ---- the steady state

    @Test
    void shouldAllocateNothingInReadsAndWrites() {
        FileDescription file = w.open("/f", Open.O_CREAT | Open.O_RDWR);
        HostKernel host = World.HOST;
        long page = host.allocate(4096);
        ReusableBuffer buffer = new ReusableBuffer(page);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = 0;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                buffer.reset();
                // Without a task, whose stand-in here allocates where a real one does not.
                assertEquals4096(file.writeAt(null, buffer, 0));
                buffer.reset();
                assertEquals4096(file.readAt(null, buffer, 0));
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        host.free(page);
        assertEquals(0, bytes / 10_000);
    }

    private static void assertEquals4096(long n) {
        if (n != 4096) {
            throw new AssertionError(n);
        }
    }

    private static final class ReusableBuffer implements IoBuffer {
        private final long address;
        private long done;

        ReusableBuffer(long address) {
            this.address = address;
        }

        void reset() {
            done = 0;
        }

        @Override
        public long remaining() {
            return 4096 - done;
        }

        @Override
        public long span() {
            return address + done;
        }

        @Override
        public long spanLength() {
            return 4096 - done;
        }

        @Override
        public void advance(long bytes) {
            done += bytes;
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void shouldOpenAPlaceAgainAndAgainThatNobodyKeepsOpen() {
        VfsPath place = w.vfs.newAnonymousPlace("uts:[7]", Mode.S_IFREG | 0444);
        for (int i = 0; i < 2; i++) {
            FileDescription file = w.vfs.open(w.root.task, place, Open.O_RDONLY);
            assertSame(place.inode(), file.inode());
            assertEquals("uts:[7]", w.vfs.name(w.root.task, file.path()));
            file.release(null);
        }
        assertEquals(7, place.inode().ino());
    }
}
