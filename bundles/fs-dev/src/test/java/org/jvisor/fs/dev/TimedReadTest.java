// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

/** Reads with VMIN and VTIME (termios(3)) whose sleep is interrupted, by a signal or since a bundle is replaced. */
class TimedReadTest {

    private static final Memory MEMORY = new MemoryComponent(new FfmHostKernel());
    private static final long FIXED_NS = Long.MAX_VALUE / 2;

    private final Terminal terminal = new Terminal(0, null);
    private final PtySlave slave = new PtySlave(terminal);
    private final FileDescription file = fake(FileDescription.class, "flags", 0);
    private final List<Long> deadlines = new ArrayList<>();
    private final Call call = new Call();
    private long pending;
    private LongUnaryOperator sleep = deadline -> -Errno.ERESTARTSYS;

    private final Task task = (Task) Proxy.newProxyInstance(Task.class.getClassLoader(), new Class<?>[] {Task.class},
            (proxy, method, arguments) -> switch (method.getName()) {
                case "waitEntry" -> new WaitQueue.Entry(events -> { });
                case "call" -> call;
                case "sleep" -> {
                    deadlines.add((Long) arguments[0]);
                    yield sleep.applyAsLong((Long) arguments[0]);
                }
                case "group" -> fake(ThreadGroup.class, "session", null);
                case "pendingSignals" -> pending;
                case "signalMask" -> 0L;
                default -> throw new UnsupportedOperationException(method.getName());
            });

    private static <T> T fake(Class<T> type, String name, Object answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            assertEquals(name, method.getName());
            return answer;
        }));
    }

    private void raw(int minimum, int tenths) {
        byte[] termios = new byte[TermiosLayout.SIZE];
        terminal.settings.write(termios);
        TermiosLayout.lflag(termios, 0, 0);
        termios[TermiosLayout.CC + VMIN] = (byte) minimum;
        termios[TermiosLayout.CC + VTIME] = (byte) tenths;
        terminal.changeSettings(() -> terminal.settings.read(termios));
    }

    private void type(String keys) {
        assertEquals(keys.length(), terminal.master().write(MEMORY.kernelBuffer(keys.getBytes(), 0, keys.length())));
    }

    private long read() {
        IoBuffer target = MEMORY.kernelBuffer(new byte[10], 0, 10);
        return slave.read(task, file, target, 0);
    }

    @Test
    void shouldStartAgainWithWhatWasTypedWhenNoSignalInterruptsIt() {
        raw(5, 1);
        type("ab");
        assertEquals(-Errno.ERESTARTSYS, read());
        sleep = deadline -> -Errno.ETIMEDOUT;
        assertEquals(2, read());
    }

    @Test
    void shouldReturnWhatWasTypedWhenASignalComes() {
        raw(5, 1);
        type("ab");
        pending = Signals.bit(Signals.SIGUSR1);
        assertEquals(2, read());
    }

    @BeforeEach
    void fixDeadline() {
        call.until(FIXED_NS);
    }

    @Test
    void shouldNotWaitLongerWhenItStartsAgain() {
        raw(0, 2);
        assertEquals(-Errno.ERESTARTSYS, read());
        assertEquals(-Errno.ERESTARTSYS, read());
        raw(5, 2);
        type("ab");
        assertEquals(-Errno.ERESTARTSYS, read());
        assertEquals(List.of(FIXED_NS, FIXED_NS, FIXED_NS), deadlines);
    }

    @Test
    void shouldWaitForTheFirstByteAsLongAsItTakes() {
        raw(2, 2);
        assertEquals(-Errno.ERESTARTSYS, read());
        assertEquals(List.of(Long.MAX_VALUE), deadlines);
    }
}
