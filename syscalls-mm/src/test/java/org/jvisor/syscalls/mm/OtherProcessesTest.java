// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.syscall.Arguments;

/** process_vm_readv(2) and process_vm_writev(2) while their handler is replaced, and signals come. */
final class OtherProcessesTest {

    private static final int LENGTH = 100_000;
    /** Places of the other's pieces, and how long they are. */
    private static final long[][] PIECES = {{0, 10}, {200_000, 5000}, {50_000, 0}, {10_000, 30_000}, {100_000, LENGTH}};

    private final byte[] here = new byte[LENGTH];
    private final byte[] there = new byte[300_000];
    /** What the other's pieces are, one after the other. */
    private final byte[] joined = new byte[LENGTH];

    /** Looks at interruptions until one comes; then how the task answers. */
    private int calm = Integer.MAX_VALUE;
    private boolean replaced;
    private boolean targetGone;
    private final Call call = new Call();
    private int replacements;

    private final Container container = fake(Container.class, (name, a) -> null);
    private final ThreadGroup group = fake(ThreadGroup.class, (name, a) -> null);
    private final UserMemory other = fake(UserMemory.class, (name, a) -> {
        int from = (int) (long) a[name.equals("tryCopyIn") ? 0 : 3];
        if (name.equals("tryCopyIn")) {
            System.arraycopy(there, from, a[1], (int) a[2], (int) a[3]);
            return (long) (int) a[3];
        }
        System.arraycopy(a[0], (int) a[1], there, from, (int) a[2]);
        return (long) (int) a[2];
    });
    private final MemoryManager mm = fake(MemoryManager.class, (name, a) -> switch (name) {
        case "tryRetain" -> true;
        case "newUserMemory" -> other;
        case "release" -> null;
        default -> throw new UnsupportedOperationException(name);
    });
    private final UserMemory memory = fake(UserMemory.class, (name, a) -> switch (name) {
        case "vector" -> new Local();
        case "copyIn" -> {
            byte[] target = (byte[]) a[1];
            for (int i = 0; i < PIECES.length; i++) {
                IovecLayout.base(target, i * IovecLayout.SIZE, PIECES[i][0]);
                IovecLayout.len(target, i * IovecLayout.SIZE, PIECES[i][1]);
            }
            yield null;
        }
        default -> throw new UnsupportedOperationException(name);
    });
    private final byte[] scratch = new byte[4096];
    private final Task task = fake(Task.class, (name, a) -> switch (name) {
        case "memory" -> memory;
        case "scratch" -> scratch;
        case "container" -> container;
        case "group" -> group;
        case "mm" -> mm;
        case "exiting" -> false;
        case "interrupted" -> interrupted();
        case "pidNamespace" -> fake(PidNamespace.class, (n, b) -> targetGone ? null : self());
        case "call" -> call;
        default -> throw new UnsupportedOperationException(name);
    });

    private Task self() {
        return task;
    }

    private boolean interrupted() {
        call.interrupt(replaced);
        return calm-- <= 0;
    }

    private interface Answer {
        Object to(String name, Object[] arguments);
    }

    private static <T> T fake(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> answer.to(method.getName(), arguments)));
    }

    /** The caller's memory, which no page of is missing. */
    private final class Local implements IoBuffer {
        private int at;

        @Override
        public long remaining() {
            return LENGTH - at;
        }

        @Override
        public long span() {
            return 1;
        }

        @Override
        public long spanLength() {
            return Math.min(1000, remaining());
        }

        @Override
        public void advance(long bytes) {
            at += (int) bytes;
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            System.arraycopy(source, offset, here, at, length);
            at += length;
            return length;
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            System.arraycopy(here, at, target, offset, length);
            at += length;
            return length;
        }
    }

    @BeforeEach
    void fill() {
        Random random = new Random(3);
        random.nextBytes(here);
        random.nextBytes(there);
        join();
    }

    private void join() {
        int at = 0;
        for (long[] piece : PIECES) {
            int n = (int) Math.min(piece[1], LENGTH - at);
            System.arraycopy(there, (int) piece[0], joined, at, n);
            at += n;
        }
    }

    /** The call, as often as it is begun again. */
    private long transfer(boolean write, int calmFor) {
        Arguments a = new Arguments();
        a.a2 = 1;
        a.a4 = PIECES.length;
        call.begin();
        long result;
        do {
            calm = calmFor;
            call.runAgain();
            result = new OtherProcesses().transfer(task, a, write);
            replacements += result == -Errno.ERESTARTSYS ? 1 : 0;
        } while (result == -Errno.ERESTARTSYS);
        return result;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7})
    void shouldGoOnInAnotherHandler(int calmFor) {
        replaced = true;
        assertEquals(LENGTH, transfer(false, calmFor));
        assertArrayEquals(joined, here);
        new Random(4).nextBytes(here);
        assertEquals(LENGTH, transfer(true, calmFor));
        join();
        assertArrayEquals(here, joined);
        assertEquals(true, replacements > 4);
    }

    @Test
    void shouldNotBeCutShortByASignal() {
        assertEquals(LENGTH, transfer(false, 0));
        assertArrayEquals(joined, here);
    }

    @Test
    void shouldEndWithWhatIsMovedWhenTheOtherIsGone() {
        replaced = true;
        calm = 3;
        Arguments a = new Arguments();
        a.a2 = 1;
        a.a4 = PIECES.length;
        assertEquals(-Errno.ERESTARTSYS, new OtherProcesses().transfer(task, a, false));
        long moved = call.done();
        call.runAgain();
        targetGone = true;
        assertEquals(moved, call.outcome(new OtherProcesses().transfer(task, a, false)));
        call.begin();
        assertEquals(-Errno.ESRCH, new OtherProcesses().transfer(task, a, false));
    }
}
