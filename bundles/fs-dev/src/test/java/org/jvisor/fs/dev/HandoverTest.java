// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.handover.Rehearsal;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

class HandoverTest {

    private static final HostKernel HOST = new FfmHostKernel();
    private static final Memory MEMORY = new MemoryComponent(HOST);
    private static final KernelClock CLOCK = fake(KernelClock.class, 1_700_000_000_000_000_000L);

    /** The host's terminal: what is typed there, and what comes out. */
    private final Outside outside = new Outside();
    private final HostFiles hostFiles = (hostFd, uid, gid) -> outside.description;
    /** As the kernel's gate does: either the relay makes a step or objects are handed over. */
    private final Object gate = new Object();
    private final Kernel kernel = (Kernel) Proxy.newProxyInstance(HandoverTest.class.getClassLoader(), new Class<?>[] {Kernel.class},
            (proxy, method, arguments) -> {
                synchronized (gate) {
                    return ((BooleanSupplier) arguments[0]).getAsBoolean();
                }
            });
    private final DevDriver driver = new DevDriver(kernel, HOST, MEMORY, CLOCK, null, hostFiles);
    private final Cgroup cgroup = new Cgroup(null);
    private final DevptsFileSystem fileSystem = new DevptsFileSystem(5, CLOCK, DevptsOptions.parse("mode=620,ptmxmode=666"));
    private final Terminal terminal = fileSystem.add(cgroup, 1000, 5);

    @Test
    void shouldChargeATerminalUntilBothEndsAreGone() {
        cgroup.setLimit(Charge.PTY, 2);
        terminal.setLocked(false);
        FileOperations slave = terminal.open(null, 0);
        fileSystem.add(cgroup, 0, 0).masterClosed();
        assertEquals(1, cgroup.used(Charge.PTY));
        Terminal second = fileSystem.add(cgroup, 0, 0);
        assertEquals(Errno.ENOSPC, assertThrows(ErrnoException.class, () -> fileSystem.add(cgroup, 0, 0)).errno());
        new PtyMaster(fileSystem, second, null).release(null);
        terminal.masterClosed();
        assertEquals(1, cgroup.used(Charge.PTY));
        slave.release(null);
        assertEquals(0, cgroup.used(Charge.PTY));
    }

    @Test
    void shouldKeepTerminalsAsTheyAre() {
        terminal.setLocked(false);
        FileOperations slave = terminal.open(null, 0);
        byte[] termios = new byte[TermiosLayout.SIZE];
        terminal.settings.write(termios);
        TermiosLayout.iflag(termios, 0, TermiosLayout.iflag(termios, 0) | IUTF8);
        terminal.changeSettings(() -> terminal.settings.read(termios));
        terminal.setWindow(new byte[] {24, 0, 80, 0, 0, 0, 0, 0});
        type(terminal, "line\nhalf");
        terminal.slave().write(source("prompt"));
        WaitQueue.Entry entry = new WaitQueue.Entry(events -> { });
        terminal.slaveQueue().add(entry, Poll.POLLIN);

        List<Object> fresh = Rehearsal.handOver(driver, driver, fileSystem, terminal, slave, fileSystem.root(),
                fileSystem.root().lookup(null, "0"), fileSystem.root().lookup(null, "ptmx"), fileSystem.root().open(null, 0));

        Terminal again = (Terminal) fresh.get(1);
        assertNotSame(terminal, again);
        assertSame(terminal.slaveQueue(), again.slaveQueue());
        assertFalse(again.isLocked());
        assertEquals("line\r\nhalfprompt", shown(again));
        type(again, "\177\177LF\n");
        assertEquals("line\n", read(again));
        assertEquals("haLF\n", read(again));
        byte[] kept = new byte[TermiosLayout.SIZE];
        again.settings.write(kept);
        assertTrue((TermiosLayout.iflag(kept, 0) & IUTF8) != 0);
        byte[] window = new byte[8];
        again.copyWindow(window);
        assertEquals(80, window[2]);
        DevptsFileSystem devpts = (DevptsFileSystem) fresh.getFirst();
        assertSame(fresh.get(4), devpts.root().lookup(null, "0"));
        assertSame(fresh.get(5), devpts.root().lookup(null, "ptmx"));
        assertSame(again, devpts.slave("0").terminal());
        assertEquals(",mode=620,ptmxmode=666", devpts.options());
        ((FileOperations) fresh.get(2)).release(null);
        assertTrue((again.pollMaster() & Poll.POLLHUP) != 0);
        assertEquals(1, devpts.add(cgroup, 0, 0).index());
        assertEquals(2, cgroup.used(Charge.PTY));
        again.masterClosed();
        assertEquals(1, cgroup.used(Charge.PTY));
    }

    @Test
    void shouldRefuseQueuesThatDoNotFitTogether() {
        StateRecord record = new StateRecord("devpts.terminal", 1).put("index", 0).putCore("slaveQueue", new WaitQueue())
                .putCore("masterQueue", new WaitQueue()).put("input", new byte[3]).put("inputMarks", new byte[2]);
        assertEquals("devpts.terminal (schema 1), field input: does not fit together",
                assertThrows(StateException.class, () -> driver.adopt(record)).getMessage());
    }

    /** What the relay has read and not delivered yet is not lost, and the thread of the old one ends. */
    @Test
    void shouldCarryOnBetweenTheHostsTerminalAndThePair() throws Exception {
        terminal.setLocked(false);
        terminal.open(null, 0);
        PtyRelay relay = new PtyRelay(kernel, HOST, MEMORY, hostFiles, terminal, fileSystem);
        relay.start(7);
        terminal.slave().write(source("one "));
        Terminal now = terminal;
        PtyRelay relayNow = relay;
        StringBuilder expected = new StringBuilder("one ");
        for (int i = 0; i < 20; i++) {
            outside.typed.add("typed " + i + "\n");
            List<Object> fresh;
            synchronized (gate) {
                fresh = Rehearsal.handOver(driver, driver, relayNow, now);
            }
            relayNow = (PtyRelay) fresh.get(0);
            now = (Terminal) fresh.get(1);
            now.slave().write(source("out" + i + " "));
            expected.append("out").append(i).append(' ');
        }
        StringBuilder input = new StringBuilder();
        while (!input.toString().contains("typed 19\n")) {
            String line = read(now);
            input.append(line.equals("EAGAIN") ? "" : line);
        }
        CountDownLatch closed = new CountDownLatch(1);
        synchronized (gate) {
            relayNow.close(closed::countDown);
            // Who has asked hears of it, though another one comes to the end.
            now = (Terminal) Rehearsal.handOver(driver, driver, relayNow, now).get(1);
        }
        assertTrue(closed.await(60, TimeUnit.SECONDS));
        for (int i = 0; i < 20; i++) {
            assertTrue(input.toString().contains("typed " + i + "\n"), "typed " + i);
        }
        assertEquals("", read(now), "hung up");
        String written = outside.written.toString().replaceAll("typed \\d+\r\n", "");
        assertEquals(expected.toString(), written);
        assertEquals(1, outside.releases);
    }

    @Test
    void shouldKeepDevices() {
        List<Object> fresh = Rehearsal.handOver(driver, driver, new NullDevice(), new ZeroDevice(HOST, MEMORY, true),
                new RandomDevice(HOST));
        assertEquals(3, ((FileOperations) fresh.getFirst()).write(null, null, source("abc"), 0));
        assertEquals(-Errno.ENOSPC, ((FileOperations) fresh.get(1)).write(null, null, source("abc"), 0));
        byte[] bytes = new byte[8];
        assertEquals(8, ((FileOperations) fresh.get(2)).read(null, null, MEMORY.kernelBuffer(bytes, 0, 8), 0));
    }

    private static void type(Terminal terminal, String keys) {
        assertEquals(keys.length(), terminal.master().write(source(keys)));
    }

    private static IoBuffer source(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return MEMORY.kernelBuffer(bytes, 0, bytes.length);
    }

    private static String shown(Terminal terminal) {
        byte[] bytes = new byte[1 << 15];
        long n = terminal.master().read(MEMORY.kernelBuffer(bytes, 0, bytes.length));
        return n < 0 ? Errno.name((int) -n) : new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    private static String read(Terminal terminal) {
        byte[] bytes = new byte[100];
        long n = terminal.slave().read(MEMORY.kernelBuffer(bytes, 0, 100), 1);
        return n < 0 ? Errno.name((int) -n) : new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    private static <T> T fake(Class<T> type, Object answer) {
        return type.cast(Proxy.newProxyInstance(HandoverTest.class.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> answer));
    }

    private static final class Outside implements FileOperations {
        final BlockingQueue<String> typed = new ArrayBlockingQueue<>(100);
        final StringBuilder written = new StringBuilder();
        final WaitQueue queue = new WaitQueue();
        volatile int releases;
        final FileDescription description = (FileDescription) Proxy.newProxyInstance(HandoverTest.class.getClassLoader(),
                new Class<?>[] {FileDescription.class}, (proxy, method, arguments) -> switch (method.getName()) {
                    case "operations" -> this;
                    case "release" -> {
                        releases++;
                        yield null;
                    }
                    case "equals" -> proxy == arguments[0];
                    case "hashCode" -> 7;
                    default -> throw new UnsupportedOperationException(method.getName());
                });

        @Override
        public long read(org.jvisor.api.kernel.Task task, FileDescription file, IoBuffer target, long offset) {
            try {
                String line = typed.poll(1, TimeUnit.MILLISECONDS);
                if (line == null) {
                    return -Errno.EAGAIN;
                }
                byte[] bytes = line.getBytes(StandardCharsets.ISO_8859_1);
                return target.put(bytes, 0, bytes.length);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return -Errno.EAGAIN;
            }
        }

        @Override
        public long write(org.jvisor.api.kernel.Task task, FileDescription file, IoBuffer source, long offset) {
            byte[] bytes = new byte[(int) Math.min(3, source.remaining())];
            source.get(bytes, 0, bytes.length);
            synchronized (written) {
                written.append(new String(bytes, StandardCharsets.ISO_8859_1));
            }
            return bytes.length;
        }

        @Override
        public WaitQueue waitQueue() {
            return queue;
        }
    }
}
