// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;

/** A task is held up by a page fault or a file server, and others wait for a lock that it has: they can be killed. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KilledWaitersTest {

    private final World w = new World();
    private final CountDownLatch heldUp = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    private void holdUp() {
        heldUp.countDown();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A task in a call, whose result is a negative errno when it threw one. */
    private static final class Call extends Thread implements Killable {
        private final FutureTask<Long> result;
        private volatile boolean killed;

        Call(Callable<Long> call) {
            result = new FutureTask<>(() -> {
                try {
                    return call.call();
                } catch (ErrnoException e) {
                    return (long) -e.errno();
                }
            });
            setDaemon(true);
            start();
        }

        @Override
        public void run() {
            result.run();
        }

        @Override
        public boolean killed() {
            return killed;
        }

        long kill() throws Exception {
            while (getState() != State.WAITING) {
                Thread.onSpinWait();
            }
            killed = true;
            LockSupport.unpark(this);
            return result.get();
        }

        long result() throws Exception {
            return result.get();
        }
    }

    /** Application memory that is long in coming. */
    private final class SlowMemory implements IoBuffer {
        private final IoBuffer memory;

        SlowMemory(int length) {
            memory = World.source("x".repeat(length));
        }

        @Override
        public long remaining() {
            return memory.remaining();
        }

        @Override
        public long span() {
            holdUp();
            return memory.span();
        }

        @Override
        public long spanLength() {
            return memory.spanLength();
        }

        @Override
        public void advance(long bytes) {
            memory.advance(bytes);
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
    void shouldDieWaitingForAPosition() throws Exception {
        FileDescription file = w.open("/f", Open.O_CREAT | Open.O_RDWR);
        Call slow = new Call(() -> file.write(w.newTask().task, new SlowMemory(5)));
        heldUp.await();
        TestTask other = w.newTask();
        assertEquals(-Errno.EINTR, new Call(() -> file.write(other.task, World.source("y"))).kill());
        assertEquals(-Errno.EINTR, new Call(() -> file.seek(other.task, 0, Open.SEEK_SET)).kill());
        file.addReleaseListener(released -> { });
        file.setFlags(Open.O_APPEND);
        goOn.countDown();
        assertEquals(5, slow.result());
        assertEquals(5, file.position());
    }

    @Test
    void shouldDieWaitingForAPipe() throws Exception {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        Call slow = new Call(() -> pipe[1].write(w.newTask().task, new SlowMemory(5)));
        heldUp.await();
        TestTask other = w.newTask();
        assertEquals(-Errno.EINTR, new Call(() -> pipe[1].write(other.task, World.source("y"))).kill());
        assertEquals(-Errno.EINTR, new Call(() -> (long) World.read(other, pipe[0], 9).length()).kill());
        assertEquals(0, pipe[0].poll(), "nothing is there yet, and nobody waits to say so");
        assertTrue((pipe[1].poll() & Poll.POLLOUT) != 0);
        goOn.countDown();
        assertEquals(5, slow.result());
        assertEquals("xxxxx", World.read(w.root, pipe[0], 9));
    }

    /** What a task gives back when it ends must not keep it either. */
    @Test
    void shouldCloseAPipeWhileAnotherWrites() throws Exception {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, 0);
        Call slow = new Call(() -> pipe[1].write(w.newTask().task, new SlowMemory(5)));
        heldUp.await();
        pipe[0].release(w.root.task);
        goOn.countDown();
        assertEquals(5, slow.result());
        pipe[1].release(w.root.task);
    }

    @Test
    void shouldDieWaitingForADirectory() throws Exception {
        TestFileSystem files = new TestFileSystem();
        TestFileSystem.Node directory = files.root.add("d", files.new Node(Mode.S_IFDIR | 0755) {
            @Override
            public Inode lookup(Task task, String name) {
                if (name.equals("slow")) {
                    holdUp();
                }
                return super.lookup(task, name);
            }
        });
        directory.add("slow", files.file());
        directory.add("other", files.file());
        w.addType("test", files);
        w.mkdir(w.root, "/m", 0755);
        w.mount("none", "/m", "test", 0, "");
        Call slow = new Call(() -> walk(w.newTask(), "/m/d/slow"));
        heldUp.await();
        assertEquals(-Errno.EINTR, new Call(() -> walk(w.newTask(), "/m/d/other")).kill());
        TestTask maker = w.newTask();
        assertEquals(-Errno.EINTR, new Call(() -> {
            w.mkdir(maker, "/m/d/new", 0755);
            return 0L;
        }).kill());
        goOn.countDown();
        assertEquals(0, slow.result());
        assertEquals(0, walk(w.root, "/m/d/other"));
    }

    private long walk(TestTask task, String path) {
        w.stat(task, path, 0);
        return 0;
    }
}
