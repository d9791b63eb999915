// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.handover.Rehearsal;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

/** A pipe of the host is open inside, and somebody waits for it, while the bundle is replaced. */
class HandoverTest {

    private static final HostKernel HOST = new FfmHostKernel();
    private static final Memory MEMORY = new MemoryComponent(HOST);

    private Inode inode;
    private final Vfs vfs = (Vfs) Proxy.newProxyInstance(HandoverTest.class.getClassLoader(), new Class<?>[] {Vfs.class},
            (proxy, method, arguments) -> switch (method.getName()) {
                case "newDevice" -> 7L;
                case "newAnonymous" -> {
                    inode = (Inode) arguments[1];
                    yield description((FileOperations) arguments[0]);
                }
                default -> throw new UnsupportedOperationException(method.getName());
            });

    private static FileDescription description(FileOperations operations) {
        return (FileDescription) Proxy.newProxyInstance(HandoverTest.class.getClassLoader(), new Class<?>[] {FileDescription.class},
                (proxy, method, arguments) -> method.getName().equals("operations") ? operations : null);
    }

    @Test
    void shouldWakeThoseWhoWaited() throws Exception {
        int[] pipe = pipe();
        HostFilesImpl files = new HostFilesImpl(HOST, vfs);
        FileOperations file = files.open(pipe[0], 1000, 100).operations();
        long device = inode.fileSystem().device();
        WaitQueue queue = file.waitQueue();
        Semaphore woken = new Semaphore(0);
        queue.add(new WaitQueue.Entry(events -> woken.release()), Poll.POLLIN);
        assertEquals(-Errno.EAGAIN, read(file));
        long before = descriptors();
        for (int i = 0; i < 20; i++) {
            HostFilesImpl next = new HostFilesImpl(HOST, vfs);
            List<Object> fresh = Rehearsal.handOver(files, next, file, inode);
            assertNotSame(file, fresh.getFirst());
            file = (FileOperations) fresh.getFirst();
            inode = (Inode) fresh.get(1);
            assertSame(queue, file.waitQueue());
            assertSame(file, inode.open(null, 0));
            assertEquals(device, inode.fileSystem().device());
            files.close();
            files = next;
            woken.drainPermits();
            write(pipe[1], 'a' + i);
            assertTrue(woken.tryAcquire(300, TimeUnit.SECONDS));
            assertEquals('a' + i, read(file));
            assertEquals(-Errno.EAGAIN, read(file));
        }
        // A poller that is closed gives its two descriptors back in its own time.
        for (int i = 0; descriptors() > before && i < 30_000; i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertEquals(before, descriptors());
        inode.evict();
        files.close();
        HOST.syscall(SyscallNr.CLOSE, pipe[1]);
    }

    /** As a checkpoint in the same sandbox has it: the poller is the predecessor's, too. */
    @Test
    void shouldStayPolledWhenItsOwnBundleTakesItOver() throws Exception {
        int[] pipe = pipe();
        HostFilesImpl files = new HostFilesImpl(HOST, vfs);
        FileOperations file = files.open(pipe[0], 1000, 100).operations();
        Semaphore woken = new Semaphore(0);
        file.waitQueue().add(new WaitQueue.Entry(events -> woken.release()), Poll.POLLIN);
        assertEquals(-Errno.EAGAIN, read(file));
        for (int i = 0; i < 5; i++) {
            List<Object> fresh = Rehearsal.handOver(files, files, file, inode);
            assertNotSame(file, fresh.getFirst());
            file = (FileOperations) fresh.getFirst();
            inode = (Inode) fresh.get(1);
            assertEquals(-Errno.EAGAIN, read(file));
            woken.drainPermits();
            write(pipe[1], 'a' + i);
            assertTrue(woken.tryAcquire(300, TimeUnit.SECONDS));
            assertEquals('a' + i, read(file));
        }
        inode.evict();
        files.close();
        HOST.syscall(SyscallNr.CLOSE, pipe[1]);
    }

    private static long read(FileOperations file) {
        byte[] bytes = new byte[1];
        long n = file.read(null, null, MEMORY.kernelBuffer(bytes, 0, 1), FileOperations.CURRENT);
        return n == 1 ? bytes[0] : n;
    }

    private static void write(int fd, int c) {
        long address = HOST.allocate(1);
        HOST.putByte(address, (byte) c);
        ErrnoException.check(HOST.syscall(SyscallNr.WRITE, fd, address, 1));
        HOST.free(address);
    }

    private static int[] pipe() {
        long address = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.PIPE2, address, Open.O_CLOEXEC));
        int[] pipe = {HOST.getInt(address), HOST.getInt(address + 4)};
        HOST.free(address);
        return pipe;
    }

    private static long descriptors() throws Exception {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
