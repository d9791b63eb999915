// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.ThreadGroupImpl;

/** The way of a call, from the platform to its handler and back, allocates nothing: by the JVM's own count. */
class DispatchAllocationTest {

    private static final int RETURNING = 901;
    private static final int THROWING = 902;
    private static final int COUNTING = 903;
    private static final int CALLS = 20_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Calls that return, fail and throw, and every so often one that notes what the thread has allocated so far. */
    private static final class Calls implements FakePlatform.App {
        private int made;

        @Override
        public int run(Registers registers) {
            made++;
            registers.values[Registers.ORIG_RAX] = made % CALLS == 0 ? COUNTING : made % 3 == 0 ? THROWING : RETURNING;
            registers.values[Registers.RDI] = made;
            return Context.SYSCALL;
        }
    }

    @Test
    void shouldAllocateNothingPerCall() {
        TestKernel test = new TestKernel();
        Dispatcher dispatcher = test.kernel.dispatcher();
        List<Long> counts = new ArrayList<>(64);
        AtomicLong sum = new AtomicLong();
        dispatcher.addFamily(TestKernel.family(RETURNING, (task, arguments) -> {
            sum.setPlain(sum.getPlain() + arguments.a0);
            return arguments.a0 % 7 == 0 ? -Errno.ENOENT : 0;
        }), 0, 10);
        dispatcher.addFamily(TestKernel.family(THROWING, (task, arguments) -> {
            throw ErrnoException.of(Errno.EFAULT);
        }), 0, 11);
        long[] noted = new long[6];
        int[] next = {0};
        dispatcher.addFamily(TestKernel.family(COUNTING, (task, arguments) -> {
            noted[next[0]++] = threads.getCurrentThreadAllocatedBytes();
            if (next[0] == noted.length) {
                task.exitGroup(0);
            }
            return 0;
        }), 0, 12);
        ThreadGroupImpl init = test.init();
        test.platform.next = new Calls();
        init.leader().setContext(test.platform.newContext(null));
        assertEquals(0, test.run(init));
        for (int i = 1; i < noted.length; i++) {
            counts.add(noted[i] - noted[i - 1]);
        }
        // The JVM's own doings may show in one stretch or another; what a call allocates would show in all of them.
        assertEquals(0L, Collections.min(counts), () -> "bytes per " + CALLS + " calls: " + counts);
        assertTrue(counts.getLast() < CALLS / 10, () -> "bytes per " + CALLS + " calls: " + counts);
    }
}
