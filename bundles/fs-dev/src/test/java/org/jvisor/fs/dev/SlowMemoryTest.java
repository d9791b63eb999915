// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.TIOCPKT_FLUSHREAD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

/** A program's memory is long in coming, as with a fault that the file server answers: nobody waits for that but who must. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SlowMemoryTest {

    private static final Memory MEMORY = new MemoryComponent(new FfmHostKernel());

    private final Terminal terminal = new Terminal(0, null);
    private final CountDownLatch heldUp = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    SlowMemoryTest() {
        terminal.setLocked(false);
        terminal.open(null, 0);
    }

    private static IoBuffer source(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return MEMORY.kernelBuffer(bytes, 0, bytes.length);
    }

    private final class SlowBuffer implements IoBuffer {
        private final IoBuffer memory;

        SlowBuffer(IoBuffer memory) {
            this.memory = memory;
        }

        private void holdUp() {
            heldUp.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public long remaining() {
            return memory.remaining();
        }

        @Override
        public long span() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long spanLength() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void advance(long bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            holdUp();
            return memory.put(source, offset, length);
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            holdUp();
            return memory.get(target, offset, length);
        }
    }

    /** A thread that serves a task in a call. */
    private static final class Caller extends Thread implements Killable {
        private final FutureTask<Long> result;
        private volatile boolean killed;

        Caller(Callable<Long> call) {
            this(new FutureTask<>(() -> {
                try {
                    return call.call();
                } catch (ErrnoException e) {
                    return (long) -e.errno();
                }
            }));
        }

        private Caller(FutureTask<Long> result) {
            super(result);
            this.result = result;
            setDaemon(true);
            start();
        }

        @Override
        public boolean killed() {
            return killed;
        }

        long kill() throws Exception {
            killed = true;
            LockSupport.unpark(this);
            return result();
        }

        long result() throws Exception {
            return result.get(20, TimeUnit.SECONDS);
        }
    }

    private String shown() {
        byte[] bytes = new byte[100];
        long n = terminal.master().read(MEMORY.kernelBuffer(bytes, 0, bytes.length));
        return n < 0 ? Errno.name((int) -n) : new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    private long read(byte[] bytes) {
        return terminal.slave().read(MEMORY.kernelBuffer(bytes, 0, bytes.length), 1);
    }

    /** All that does not read as well goes on. */
    @Test
    void shouldHoldUpNobodyByASlowRead() throws Exception {
        assertEquals(6, terminal.master().write(source("first\n")));
        byte[] bytes = new byte[100];
        Caller slow = new Caller(() -> terminal.slave().read(new SlowBuffer(MEMORY.kernelBuffer(bytes, 0, 100)), 1));
        heldUp.await();
        assertEquals(7, terminal.master().write(source("second\n")));
        assertEquals(4, terminal.slave().write(source("text")));
        assertEquals("first\r\nsecond\r\ntext", shown());
        assertTrue((terminal.pollSlave() & Poll.POLLIN) != 0);
        byte[] others = new byte[100];
        Caller other = new Caller(() -> read(others));
        assertEquals(-Errno.EINTR, other.kill());
        goOn.countDown();
        assertEquals(6, slow.result());
        assertEquals(7, read(others));
        assertEquals("first\n", new String(bytes, 0, 6, StandardCharsets.ISO_8859_1));
        assertEquals("second\n", new String(others, 0, 7, StandardCharsets.ISO_8859_1));
    }

    /** What is flushed while it is being read is gone once, and what comes after that is not. */
    @Test
    void shouldLoseNothingThatComesAfterAFlush() throws Exception {
        terminal.master().write(source("first\n"));
        byte[] bytes = new byte[100];
        Caller slow = new Caller(() -> terminal.slave().read(new SlowBuffer(MEMORY.kernelBuffer(bytes, 0, 100)), 1));
        heldUp.await();
        terminal.flush(true, true);
        terminal.master().write(source("second\n"));
        goOn.countDown();
        assertEquals(6, slow.result());
        assertEquals(7, read(bytes));
        assertEquals("second\r\n", shown());
    }

    @Test
    void shouldLoseNothingOfTheMastersAfterAFlush() throws Exception {
        terminal.slave().write(source("first"));
        byte[] bytes = new byte[100];
        Caller slow = new Caller(() -> terminal.master().read(new SlowBuffer(MEMORY.kernelBuffer(bytes, 0, 100))));
        heldUp.await();
        terminal.flush(false, true);
        terminal.slave().write(source("second"));
        goOn.countDown();
        assertEquals(5, slow.result());
        assertEquals("second", shown());
    }

    @Test
    void shouldHoldUpNobodyByASlowWrite() throws Exception {
        Caller slow = new Caller(() -> terminal.slave().write(new SlowBuffer(source("slow"))));
        heldUp.await();
        assertEquals(6, terminal.master().write(source("typed\n")));
        assertEquals("typed\r\n", shown());
        assertEquals(6, read(new byte[100]));
        assertEquals(-Errno.EINTR, new Caller(() -> terminal.slave().write(source("x"))).kill());
        goOn.countDown();
        assertEquals(4, slow.result());
        assertEquals("slow", shown());
    }

    @Test
    void shouldHoldUpNobodyBySlowTyping() throws Exception {
        Caller slow = new Caller(() -> terminal.master().write(new SlowBuffer(source("slow\n"))));
        heldUp.await();
        assertEquals(4, terminal.slave().write(source("text")));
        assertEquals("text", shown());
        assertEquals(-Errno.EINTR, new Caller(() -> terminal.master().write(source("x"))).kill());
        goOn.countDown();
        assertEquals(5, slow.result());
        assertEquals(5, read(new byte[100]));
    }

    /** A status that could not be told is told again. */
    @Test
    void shouldKeepThePacketStatusOfAReadThatFails() {
        terminal.setPacketMode(true);
        terminal.flush(true, false);
        IoBuffer bad = new IoBuffer() {
            @Override
            public long remaining() {
                return 10;
            }

            @Override
            public long span() {
                return -Errno.EFAULT;
            }

            @Override
            public long spanLength() {
                return 0;
            }

            @Override
            public void advance(long bytes) {}

            @Override
            public long put(byte[] source, int offset, int length) {
                return -Errno.EFAULT;
            }

            @Override
            public long get(byte[] target, int offset, int length) {
                return -Errno.EFAULT;
            }
        };
        assertEquals(-Errno.EFAULT, terminal.master().read(bad));
        assertEquals(TIOCPKT_FLUSHREAD, shown().charAt(0));
    }
}
