// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

class HostFileTest {

    private static final HostKernel HOST = new FfmHostKernel();
    private static final Memory MEMORY = new MemoryComponent(HOST);
    private static final int BIG = 1 << 20;

    private final HostPoller poller = new HostPoller(HOST);
    private final long native1 = HOST.allocate(BIG);
    private final long native2 = HOST.allocate(BIG);

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        poller.close();
        HOST.free(native1);
        HOST.free(native2);
    }

    private HostFile file(int fd) {
        Stat stat = new Stat();
        HostDescriptor descriptor = new HostDescriptor(HOST, fd);
        descriptor.stat(stat);
        int flags = (int) ErrnoException.check(HOST.syscall(SyscallNr.FCNTL, fd, Open.F_GETFL));
        return new HostFile(descriptor, poller, stat.mode, flags);
    }

    private int[] pipe() {
        ErrnoException.check(HOST.syscall(SyscallNr.PIPE2, native1, Open.O_CLOEXEC));
        return new int[] {HOST.getInt(native1), HOST.getInt(native1 + Integer.BYTES)};
    }

    private IoBuffer buffer(long length) {
        return MEMORY.hostBuffer(native2, length);
    }

    private long read(HostFile file, long length) {
        return file.read(null, null, buffer(length), FileOperations.CURRENT);
    }

    private long write(HostFile file, long length) {
        return file.write(null, null, buffer(length), FileOperations.CURRENT);
    }

    private static Semaphore listen(HostFile file, int events) {
        Semaphore woken = new Semaphore(0);
        file.waitQueue().add(new WaitQueue.Entry(happened -> woken.release()), events);
        return woken;
    }

    private static void await(Semaphore woken) throws InterruptedException {
        assertTrue(woken.tryAcquire(300, TimeUnit.SECONDS));
    }

    @Test
    void shouldNeverWaitForAPipe() throws InterruptedException {
        int[] ends = pipe();
        HostFile reader = file(ends[0]);
        HostFile writer = file(ends[1]);
        Semaphore readable = listen(reader, Poll.POLLIN | Poll.POLLHUP);
        assertEquals(-Errno.EAGAIN, read(reader, 10));
        assertEquals(0, reader.poll(null));
        assertEquals(5, write(writer, 5));
        await(readable);
        assertEquals(Poll.POLLIN | Poll.POLLRDNORM, reader.poll(null));
        assertEquals(5, read(reader, 10));
        long total = 0;
        long n;
        while ((n = write(writer, BIG)) > 0) {
            total += n;
        }
        assertEquals(-Errno.EAGAIN, n);
        Semaphore writable = listen(writer, Poll.POLLOUT);
        assertEquals(0, writer.poll(null));
        while (total > 0) {
            total -= read(reader, BIG);
        }
        await(writable);
        assertEquals(0, HOST.syscall(SyscallNr.FCNTL, ends[0], Open.F_GETFL) & Open.O_NONBLOCK, "the host's flags stay");
        readable.drainPermits();
        assertEquals(0, reader.poll(null), "whoever was woken looks again, and asks to be told of more with that");
        writer.close();
        await(readable);
        assertEquals(0, read(reader, 10));
        assertEquals(Poll.POLLHUP, reader.poll(null) & Poll.POLLHUP);
        reader.close();
    }

    @Test
    void shouldTellOfErrors() {
        int[] ends = pipe();
        HostFile writer = file(ends[1]);
        HOST.syscall(SyscallNr.CLOSE, ends[0]);
        assertEquals(-Errno.EPIPE, write(writer, 1));
        assertEquals(Poll.POLLERR, writer.poll(null) & Poll.POLLERR);
        writer.close();
    }

    @Test
    void shouldShareThePositionOfAFile() throws IOException {
        Path path = folder.resolve("f");
        Files.writeString(path, "0123456789");
        byte[] name = (path + "\0").getBytes();
        HOST.copyOut(name, 0, name.length, native1);
        int fd = (int) ErrnoException.check(HOST.syscall(SyscallNr.OPEN, native1, Open.O_RDWR, 0));
        HostFile file = file(fd);
        assertNull(file.waitQueue(), "always ready");
        assertEquals(4, read(file, 4));
        assertEquals(4, HOST.syscall(SyscallNr.LSEEK, fd, 0, Open.SEEK_CUR));
        HOST.syscall(SyscallNr.LSEEK, fd, 8, Open.SEEK_SET);
        assertEquals(2, read(file, 4), "another process has moved it");
        assertEquals(3, file.seek(null, null, 3, Open.SEEK_SET));
        assertEquals(2, file.read(null, null, buffer(2), 7));
        assertEquals('7', HOST.getByte(native2));
        assertEquals(3, file.seek(null, null, 0, Open.SEEK_CUR));
        assertEquals(2, file.write(null, null, buffer(2), FileOperations.APPEND));
        assertEquals("012345678978", Files.readString(path));
        file.close();
    }

    @Test
    void shouldShowInodesOfItsOwn() {
        HostFileSystem fileSystem = new HostFileSystem(Mode.makeDev(0, 30), served -> { });
        long one = fileSystem.ino(1, 1000);
        assertEquals(one, fileSystem.ino(1, 1000));
        assertTrue(one != fileSystem.ino(2, 1000));
        int[] ends = pipe();
        HostFile file = file(ends[0]);
        HostDescriptor descriptor = new HostDescriptor(HOST, ends[1]);
        HostInode inode = new HostInode(fileSystem, one, descriptor, file, Mode.S_IFIFO | 0600, 12, 34);
        Stat stat = new Stat();
        inode.stat(stat);
        assertEquals(Mode.makeDev(0, 30), stat.dev);
        assertEquals(one, stat.ino);
        assertEquals(12, stat.uid);
        assertEquals(Mode.S_IFIFO | 0600, stat.mode);
        descriptor.close();
        inode.evict();
        assertEquals(-Errno.EBADF, HOST.syscall(SyscallNr.FCNTL, ends[0], Open.F_GETFL));
    }
}
