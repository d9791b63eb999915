// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jvisor.api.syscall.CallTable;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.EpollEventLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.FlockLayout;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.PollfdLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.vfs.FileDescription;

class FsSyscallsTest {

    private static final int[] NUMBERS = new FsSyscalls().calls().rows().stream().mapToInt(CallTable.Row::number).toArray();

    private static final Duration PATIENCE = Duration.ofSeconds(300);
    private static final long BAD_ADDRESS = 8;

    private final Program p = new Program();

    private long open(String path, int flags) {
        return p.call(SyscallNr.OPEN, p.string(path), flags, 0644);
    }

    private long[] pipe(int flags) {
        long ends = p.allocate(8);
        assertEquals(0, p.call(SyscallNr.PIPE2, ends, flags));
        return new long[] {p.memory.getInt(ends), p.memory.getInt(ends + 4)};
    }

    @Test
    void shouldAnswerEveryNumberItNames() {
        assertEquals(NUMBERS.length, Arrays.stream(NUMBERS).distinct().count());
        for (int number : NUMBERS) {
            long result = p.call(number, -1, BAD_ADDRESS, -1, -1, -1, -1);
            assertNotEquals(-Errno.ENOSYS, result, SyscallNr.name(number));
        }
    }

    @Test
    void shouldSurviveBadPointers() {
        long[] descriptors = {open("/", Open.O_RDONLY), open("/f", Open.O_RDWR | Open.O_CREAT), pipe(Open.O_NONBLOCK)[0],
            p.call(SyscallNr.EVENTFD2, 1, 0), p.call(SyscallNr.EPOLL_CREATE1, 0), p.call(SyscallNr.TIMERFD_CREATE, 1, 0)};
        long edge = p.memory.base() + Arena.BYTES - 1;
        for (long address : new long[] {0, BAD_ADDRESS, -1, Long.MIN_VALUE, edge}) {
            for (int number : NUMBERS) {
                for (long fd : descriptors) {
                    if (number != SyscallNr.CLOSE_RANGE && number != SyscallNr.CLOSE) {
                        p.interrupted = true;
                        p.call(number, fd, address, address, address, address, address);
                        p.call(number, address, address, 1, 1, address, 0);
                        p.call(number, fd, 1, address, fd, 1, 0);
                    }
                }
            }
        }
        p.interrupted = false;
        long fd = open("/g", Open.O_RDWR | Open.O_CREAT);
        assertTrue(fd >= 0, "the task is as good as new");
    }

    @Test
    void shouldReadAndWrite() {
        long fd = open("/f", Open.O_RDWR | Open.O_CREAT);
        assertEquals(5, p.call(SyscallNr.WRITE, fd, p.string("hello"), 5));
        long got = p.allocate(16);
        assertEquals(3, p.call(SyscallNr.PREAD64, fd, got, 16, 2));
        assertEquals("llo", p.text(got, 3));
        assertEquals(2, p.call(SyscallNr.PWRITE64, fd, p.string("JE"), 2, 0));
        assertEquals(5, p.call(SyscallNr.LSEEK, fd, 0, Open.SEEK_CUR));
        assertEquals(0, p.call(SyscallNr.LSEEK, fd, 0, Open.SEEK_SET));
        long vector = p.allocate(32);
        p.memory.putLong(vector, got);
        p.memory.putLong(vector + 8, 2);
        p.memory.putLong(vector + 16, got + 8);
        p.memory.putLong(vector + 24, 8);
        assertEquals(5, p.call(SyscallNr.READV, fd, vector, 2));
        assertEquals("JE", p.text(got, 2));
        assertEquals("llo", p.text(got + 8, 3));
        p.fails(Errno.EINVAL, SyscallNr.READ, fd, got, -1);
        p.fails(Errno.EINVAL, SyscallNr.PREAD64, fd, got, 1, -1);
        p.fails(Errno.EFAULT, SyscallNr.PREAD64, fd, BAD_ADDRESS, 1, 0);
        p.fails(Errno.EBADF, SyscallNr.READ, 77, got, 1);
        p.fails(Errno.EOPNOTSUPP, SyscallNr.PREADV2, fd, vector, 2, 0, 0, 1 << 20);
        assertEquals(5, p.call(SyscallNr.PREADV2, fd, vector, 2, 0, 0, 0));
    }

    @Test
    void shouldOpenWithStrictFlagsOnlyInOpenat2() {
        long how = p.allocate(32);
        p.memory.putLong(how, 1L << 30);
        p.fails(Errno.EINVAL, SyscallNr.OPENAT2, Open.AT_FDCWD, p.string("/"), how, 24);
        assertTrue(open("/", 1 << 30) >= 0);
        p.memory.putLong(how, Open.O_RDONLY);
        p.fails(Errno.EINVAL, SyscallNr.OPENAT2, Open.AT_FDCWD, p.string("/"), how, 23);
        p.memory.putLong(how + 24, 1);
        p.fails(Errno.E2BIG, SyscallNr.OPENAT2, Open.AT_FDCWD, p.string("/"), how, 32);
        p.memory.putLong(how + 24, 0);
        assertTrue(p.call(SyscallNr.OPENAT2, Open.AT_FDCWD, p.string("/"), how, 32) >= 0);
    }

    @Test
    void shouldKeepToTheLimitOfDescriptors() {
        long fd = open("/", Open.O_RDONLY);
        p.descriptorLimit = fd + 1;
        p.fails(Errno.EMFILE, SyscallNr.DUP, fd);
        p.fails(Errno.EMFILE, SyscallNr.EVENTFD2, 0, 0);
        p.fails(Errno.EMFILE, SyscallNr.PIPE2, p.allocate(8), 0);
        p.fails(Errno.EINVAL, SyscallNr.FCNTL, fd, Open.F_DUPFD, fd + 1);
        p.fails(Errno.EINVAL, SyscallNr.POLL, p.allocate(100), fd + 2, 0);
        p.descriptorLimit = fd + 2;
        p.fails(Errno.EMFILE, SyscallNr.PIPE2, p.allocate(8), 0);
        assertEquals(fd + 1, p.call(SyscallNr.DUP, fd), "the first end of the pipe was given back");
    }

    @Test
    void shouldListDirectoriesInPieces() {
        for (int i = 0; i < 500; i++) {
            p.call(SyscallNr.CLOSE, open("/entry-number-" + i, Open.O_CREAT | Open.O_RDWR));
        }
        for (int size : new int[] {48, 500, 5000, 100_000}) {
            long fd = open("/", Open.O_RDONLY);
            long buffer = p.allocate(size);
            int entries = 0;
            long n;
            while ((n = p.call(SyscallNr.GETDENTS64, fd, buffer, size)) > 0) {
                for (long at = 0; at < n; at += p.memory.getShort(buffer + at + 16)) {
                    entries++;
                }
            }
            assertEquals(0, n);
            assertEquals(502, entries);
            assertEquals(0, p.call(SyscallNr.LSEEK, fd, 0, 0));
            p.fails(Errno.EINVAL, SyscallNr.GETDENTS64, fd, buffer, 20);
            p.fails(Errno.EFAULT, SyscallNr.GETDENTS64, fd, BAD_ADDRESS, 1000);
        }
    }

    @Test
    void shouldPollMoreDescriptorsThanItsScratchHolds() {
        int count = 900;
        long[] ends = pipe(0);
        long fds = p.allocate(count * PollfdLayout.SIZE);
        for (int i = 0; i < count; i++) {
            p.memory.putInt(fds + i * PollfdLayout.SIZE, (int) (i % 3 == 0 ? ends[0] : i % 3 == 1 ? ends[1] : 900));
            p.memory.putShort(fds + i * PollfdLayout.SIZE + PollfdLayout.EVENTS, (short) (Poll.POLLIN | Poll.POLLOUT));
        }
        assertEquals(600, p.call(SyscallNr.POLL, fds, count, 0));
        assertEquals(0, p.memory.getShort(fds + PollfdLayout.REVENTS));
        assertEquals(Poll.POLLOUT, p.memory.getShort(fds + PollfdLayout.SIZE + PollfdLayout.REVENTS));
        assertEquals(Poll.POLLNVAL, p.memory.getShort(fds + 2 * PollfdLayout.SIZE + PollfdLayout.REVENTS));
    }

    @Test
    void shouldChargeWhatALongPollWaitsBy() {
        int count = 1000;
        long[] ends = pipe(0);
        long fds = p.allocate(count * PollfdLayout.SIZE);
        for (int i = 0; i < count; i++) {
            p.memory.putInt(fds + i * PollfdLayout.SIZE, i % 2 == 0 ? -1 : (int) ends[0]);
            p.memory.putShort(fds + i * PollfdLayout.SIZE + PollfdLayout.EVENTS, (short) Poll.POLLIN);
            p.memory.putShort(fds + i * PollfdLayout.SIZE + PollfdLayout.REVENTS, (short) -1);
        }
        Cgroup cgroup = p.task().cgroup();
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> polled = new CompletableFuture<>();
            p.slept.drainPermits();
            Thread.ofPlatform().start(() -> polled.complete(p.call(SyscallNr.POLL, fds, count, -1)));
            p.slept.acquire();
            assertTrue(cgroup.used(Charge.WAIT_ENTRY) > 400, "only those that are waited for");
            assertTrue(cgroup.used(Charge.WAIT_ENTRY) < count);
            FileDescription writer = p.task().files().acquire((int) ends[1]);
            assertEquals(1, writer.write(null, Program.MEMORY.kernelBuffer(new byte[1], 0, 1)));
            writer.release(null);
            assertEquals(500, polled.get());
        });
        assertEquals(0, cgroup.used(Charge.WAIT_ENTRY));
        assertEquals(0, p.memory.getShort(fds + PollfdLayout.REVENTS), "a negative one");
        assertEquals(Poll.POLLIN, p.memory.getShort(fds + PollfdLayout.SIZE + PollfdLayout.REVENTS));
        cgroup.setLimit(Charge.WAIT_ENTRY, 200);
        p.fails(Errno.ENOMEM, SyscallNr.POLL, fds, count, 0);
        assertEquals(0, cgroup.used(Charge.WAIT_ENTRY));
        assertEquals(1, p.call(SyscallNr.POLL, fds, 2, 0));
    }

    @Test
    void shouldWaitInPollUntilWokenOrInterrupted() {
        long[] ends = pipe(0);
        long fds = p.allocate(PollfdLayout.SIZE);
        p.memory.putInt(fds, (int) ends[0]);
        p.memory.putShort(fds + PollfdLayout.EVENTS, (short) Poll.POLLIN);
        assertEquals(0, p.call(SyscallNr.POLL, fds, 1, 5));
        assertTimeoutPreemptively(PATIENCE, () -> {
            CompletableFuture<Long> polled = new CompletableFuture<>();
            p.slept.drainPermits();
            Thread.ofPlatform().start(() -> polled.complete(p.call(SyscallNr.POLL, fds, 1, -1)));
            p.slept.acquire();
            p.interrupt();
            assertEquals(-Errno.ERESTARTNOHAND, polled.get());
        });
    }

    @Test
    void shouldSelect() {
        long[] ends = pipe(0);
        long in = p.allocate(128);
        long out = p.allocate(128);
        p.memory.putByte(in, (byte) (1 << ends[0]));
        p.memory.putByte(out, (byte) (1 << ends[1]));
        assertEquals(1, p.call(SyscallNr.SELECT, 10, in, out, 0, 0));
        assertEquals(0, p.memory.getByte(in));
        assertEquals(1 << ends[1], p.memory.getByte(out));
        p.memory.putByte(in, (byte) (1 << 6));
        p.call(SyscallNr.DUP2, ends[0], 7);
        p.fails(Errno.EBADF, SyscallNr.SELECT, 10, in, 0, 0, 0);
        p.fails(Errno.EINVAL, SyscallNr.SELECT, -1, 0, 0, 0, 0);
        long mask = p.allocate(24);
        p.memory.putLong(mask, mask + 16);
        p.memory.putLong(mask + 8, 4);
        p.fails(Errno.EINVAL, SyscallNr.PSELECT6, 0, 0, 0, 0, 0, mask);
        p.memory.putLong(mask + 8, 8);
        p.memory.putLong(mask + 16, Signals.bit(Signals.SIGINT));
        long none = p.allocate(16);
        assertEquals(0, p.call(SyscallNr.PSELECT6, 0, 0, 0, 0, none, mask));
        assertEquals(Signals.bit(Signals.SIGINT), p.temporaryMask);
    }

    @Test
    void shouldReportManyEventsAtOnce() {
        long epoll = p.call(SyscallNr.EPOLL_CREATE1, 0);
        long event = p.allocate(EpollEventLayout.SIZE);
        p.memory.putInt(event, Poll.EPOLLIN);
        for (int i = 0; i < 800; i++) {
            long fd = p.call(SyscallNr.EVENTFD2, 1, 0);
            p.memory.putLong(event + EpollEventLayout.DATA, fd);
            assertEquals(0, p.call(SyscallNr.EPOLL_CTL, epoll, Poll.EPOLL_CTL_ADD, fd, event));
        }
        long events = p.allocate(1000 * EpollEventLayout.SIZE);
        assertEquals(800, p.call(SyscallNr.EPOLL_WAIT, epoll, events, 1000, 0));
        for (int i = 0; i < 800; i++) {
            assertEquals(i + epoll + 1, p.memory.getLong(events + i * EpollEventLayout.SIZE + EpollEventLayout.DATA));
        }
        p.fails(Errno.EFAULT, SyscallNr.EPOLL_WAIT, epoll, BAD_ADDRESS, 10, 0);
        p.fails(Errno.EINVAL, SyscallNr.EPOLL_WAIT, epoll, events, 0, 0);
        p.fails(Errno.EFAULT, SyscallNr.EPOLL_CTL, epoll, Poll.EPOLL_CTL_ADD, 5, BAD_ADDRESS);
    }

    @Test
    void shouldMoveBytesBetweenFiles() {
        long from = open("/from", Open.O_RDWR | Open.O_CREAT);
        long to = open("/to", Open.O_RDWR | Open.O_CREAT);
        long data = p.allocate(300_000);
        for (int i = 0; i < 300_000; i += 8) {
            p.memory.putLong(data + i, i * 31L);
        }
        assertEquals(300_000, p.call(SyscallNr.WRITE, from, data, 300_000));
        long offset = p.allocate(8);
        p.memory.putLong(offset, 8);
        assertEquals(299_992, p.call(SyscallNr.SENDFILE, to, from, offset, 1 << 30));
        assertEquals(300_000, p.memory.getLong(offset));
        long got = p.allocate(8);
        p.call(SyscallNr.PREAD64, to, got, 8, 200_000);
        assertEquals(200_008 * 31L, p.memory.getLong(got));
        long[] ends = pipe(Open.O_NONBLOCK);
        p.memory.putLong(offset, 16);
        assertEquals(65536, p.call(SyscallNr.SPLICE, from, offset, ends[1], 0, 100_000, 0));
        p.fails(Errno.EAGAIN, SyscallNr.SPLICE, from, offset, ends[1], 0, 100_000, 0);
        p.call(SyscallNr.FTRUNCATE, to, 0);
        p.memory.putLong(offset, 0);
        assertEquals(65536, p.call(SyscallNr.SPLICE, ends[0], 0, to, offset, 100_000, 0));
        p.call(SyscallNr.PREAD64, to, got, 8, 0);
        assertEquals(16 * 31L, p.memory.getLong(got));
        // What cannot be written stays in the pipe.
        long readOnly = open("/to", Open.O_RDONLY);
        p.call(SyscallNr.WRITE, ends[1], data, 10);
        p.fails(Errno.EBADF, SyscallNr.SPLICE, ends[0], 0, readOnly, 0, 10, 0);
        p.fileSizeLimit = 0;
        p.fails(Errno.EFBIG, SyscallNr.SPLICE, ends[0], 0, to, 0, 10, 0);
        assertEquals(10, p.call(SyscallNr.READ, ends[0], got, 8) + p.call(SyscallNr.READ, ends[0], got, 8));
    }

    @Test
    void shouldCheckLocks() {
        long fd = open("/f", Open.O_RDWR | Open.O_CREAT);
        long lock = p.allocate(FlockLayout.SIZE);
        p.memory.putShort(lock, (short) Open.F_WRLCK);
        assertEquals(0, p.call(SyscallNr.FCNTL, fd, Open.F_SETLK, lock));
        p.memory.putLong(lock + FlockLayout.START, Long.MAX_VALUE);
        p.memory.putLong(lock + FlockLayout.LEN, 2);
        p.fails(Errno.EOVERFLOW, SyscallNr.FCNTL, fd, Open.F_SETLK, lock);
        p.memory.putLong(lock + FlockLayout.START, 5);
        p.memory.putLong(lock + FlockLayout.LEN, -6);
        p.fails(Errno.EINVAL, SyscallNr.FCNTL, fd, Open.F_SETLK, lock);
        p.memory.putLong(lock + FlockLayout.LEN, Long.MIN_VALUE);
        p.fails(Errno.EINVAL, SyscallNr.FCNTL, fd, Open.F_SETLK, lock);
        p.memory.putShort(lock + FlockLayout.WHENCE, (short) 9);
        p.fails(Errno.EINVAL, SyscallNr.FCNTL, fd, Open.F_GETLK, lock);
        p.fails(Errno.EFAULT, SyscallNr.FCNTL, fd, Open.F_GETLK, BAD_ADDRESS);
    }

    @Test
    void shouldSayThatAFileIsTooLong() {
        long fd = open("/f", Open.O_RDWR | Open.O_CREAT);
        p.fileSizeLimit = 100;
        p.fails(Errno.EFBIG, SyscallNr.FTRUNCATE, fd, 101);
        assertEquals(Signals.SIGXFSZ, p.signals.getFirst().signal());
        p.fails(Errno.EFBIG, SyscallNr.FALLOCATE, fd, 0, 0, 101);
        assertEquals(0, p.call(SyscallNr.FTRUNCATE, fd, 100));
    }
}
