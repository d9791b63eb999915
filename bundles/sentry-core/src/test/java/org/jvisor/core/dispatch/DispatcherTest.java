// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.core.Fakes;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;

class DispatcherTest {

    private static final int NUMBER = 39;

    private final Dispatcher dispatcher = new Dispatcher(List::<Dispatcher.Caller>of);

    private final TaskImpl task = new TestKernel().init().leader();

    private static SyscallFamily answering(long answer) {
        return TestKernel.family(NUMBER, (task, arguments) -> answer);
    }

    private long call(int number) {
        Arguments arguments = new Arguments();
        arguments.number = number;
        return dispatcher.table().handler(number).call(task, arguments);
    }

    @Test
    void shouldCountWhatNobodyAnswers() {
        assertEquals(-Errno.ENOSYS, call(NUMBER));
        assertEquals(-Errno.ENOSYS, call(NUMBER));
        assertEquals(-Errno.ENOSYS, call(-1));
        assertEquals(-Errno.ENOSYS, call(0x40000001));
        assertArrayEquals(new long[] {NUMBER, 2, SyscallTable.NUMBERS, 2}, dispatcher.missingCalls());
    }

    @Test
    void shouldTakeTheHighestRankingAndThenTheNext() {
        SyscallFamily low = answering(1);
        SyscallFamily high = answering(2);
        dispatcher.addFamily(low, 0, 1);
        dispatcher.addFamily(high, 10, 2);
        assertEquals(2, call(NUMBER));
        dispatcher.removeFamily(high);
        assertEquals(1, call(NUMBER));
        dispatcher.removeFamily(low);
        assertEquals(-Errno.ENOSYS, call(NUMBER));
    }

    @Test
    void shouldTellWhichCallsWouldBeLost() {
        SyscallFamily low = answering(1);
        SyscallFamily high = answering(2);
        SyscallFamily other = TestKernel.family(600, (task, arguments) -> 3);
        dispatcher.addFamily(low, 0, 1);
        assertEquals(List.of(NUMBER), dispatcher.lost(family -> family == low));
        dispatcher.addFamily(high, 10, 2);
        dispatcher.addFamily(other, 0, 3);
        assertEquals(List.of(), dispatcher.lost(family -> family == low));
        assertEquals(List.of(), dispatcher.lost(family -> family == high));
        assertEquals(List.of(600), dispatcher.lost(family -> family == other));
        assertEquals(List.of(NUMBER, 600), dispatcher.lost(family -> true));
        assertEquals("the system calls getpid, syscall_600", CallNames.text(dispatcher.lost(family -> true)));
        assertEquals("the system call getpid", CallNames.text(List.of(NUMBER)));
        assertEquals("the system calls read, write, open and 2 more", CallNames.text(List.of(0, 1, 2, 3, 4)));
        assertEquals("", CallNames.text(List.of()));
    }

    @Test
    void shouldNotMissWhatCameLater() {
        List<SyscallFamily> shipped = new ArrayList<>();
        for (int number : new int[] {SyscallNr.READ, SyscallNr.OPENAT, SyscallNr.MMAP, SyscallNr.EXIT_GROUP}) {
            shipped.add(TestKernel.family(number, (task, arguments) -> 0));
            dispatcher.addFamily(shipped.getLast(), 0, number);
        }
        dispatcher.awaitEssentials();
        dispatcher.addFamily(answering(1), 0, 1000);
        assertEquals(List.of(SyscallNr.MMAP), dispatcher.lostShipped(family -> family == shipped.get(2)));
        assertEquals(List.of(), dispatcher.lostShipped(family -> !shipped.contains(family)));
    }

    @Test
    void shouldPreferTheOlderOfEqualRankings() {
        dispatcher.addFamily(answering(2), 5, 20);
        dispatcher.addFamily(answering(1), 5, 10);
        assertEquals(1, call(NUMBER));
    }

    @Test
    void shouldKeepSlotsThatDoNotChange() {
        SyscallFamily first = answering(1);
        dispatcher.addFamily(first, 0, 1);
        SyscallTable before = dispatcher.table();
        SyscallHandler handler = before.handler(NUMBER);
        SyscallFamily other = TestKernel.family(NUMBER + 1, (task, arguments) -> 2);
        dispatcher.addFamily(other, 0, 2);
        assertSame(handler, dispatcher.table().handler(NUMBER));
        assertEquals(false, dispatcher.table().replacedSince(before.generation, NUMBER));
        assertEquals(true, dispatcher.table().replacedSince(before.generation, NUMBER + 1));
    }

    private static final class Recorder implements SyscallInterceptor {
        private final String name;
        private final List<String> events;
        private final long before;
        private final long change;

        Recorder(String name, List<String> events, long before, long change) {
            this.name = name;
            this.events = events;
            this.before = before;
            this.change = change;
        }

        @Override
        public int[] numbers() {
            return new int[] {NUMBER};
        }

        @Override
        public long before(Task task, Arguments arguments) {
            events.add("before " + name);
            return before;
        }

        @Override
        public long after(Task task, Arguments arguments, long result) {
            events.add("after " + name + " " + result);
            return result + change;
        }
    }

    /** What a service says about itself is a bundle's code: nonsense is refused as a whole, and does not hold the others up. */
    @Test
    void shouldTakeNoServicesThatTalkNonsense() {
        dispatcher.addFamily(answering(1), 0, 1);
        for (SyscallFamily family : List.of(TestKernel.family(-1, (task, arguments) -> 2),
                TestKernel.family(SyscallTable.NUMBERS, (task, arguments) -> 2), TestKernel.family(NUMBER, null), failing())) {
            assertThrows(RuntimeException.class, () -> dispatcher.addFamily(family, 10, 2));
            assertFalse(dispatcher.hasFamily(family));
        }
        for (int[] numbers : new int[][] {null, {-1}, {NUMBER, SyscallTable.NUMBERS}}) {
            SyscallInterceptor interceptor = new SyscallInterceptor() {
                @Override
                public int[] numbers() {
                    return numbers;
                }

                @Override
                public long before(Task task, Arguments arguments) {
                    return 2;
                }
            };
            assertThrows(RuntimeException.class, () -> dispatcher.addInterceptor(interceptor, 10, 3));
            assertFalse(dispatcher.hasInterceptor(interceptor));
        }
        assertEquals(1, call(NUMBER));
        SyscallFamily good = answering(3);
        dispatcher.addFamily(good, 10, 4);
        assertTrue(dispatcher.hasFamily(good));
        assertEquals(3, call(NUMBER));
    }

    private static SyscallFamily failing() {
        return new SyscallFamily() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public CallTable calls() {
                throw new IllegalStateException("no good");
            }
        };
    }

    @Test
    void shouldAskInterceptorsInOrderAndBack() {
        List<String> events = new ArrayList<>();
        dispatcher.addFamily(answering(100), 0, 1);
        dispatcher.addInterceptor(new Recorder("low", events, SyscallInterceptor.PASS, 1), 1, 2);
        dispatcher.addInterceptor(new Recorder("high", events, SyscallInterceptor.PASS, 10), 2, 3);
        assertEquals(111, call(NUMBER));
        assertEquals(List.of("before high", "before low", "after low 100", "after high 101"), events);
    }

    @Test
    void shouldNotAskTheHandlerWhenAnInterceptorAnswers() {
        List<String> events = new ArrayList<>();
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            throw new AssertionError("asked");
        }), 0, 1);
        Recorder refusing = new Recorder("refusing", events, -Errno.EPERM, 0);
        dispatcher.addInterceptor(refusing, 1, 2);
        assertEquals(-Errno.EPERM, call(NUMBER));
        dispatcher.removeInterceptor(refusing);
        assertEquals(List.of("before refusing", "after refusing -1"), events);
    }

    @Test
    void shouldShowThrownErrorsToInterceptors() {
        List<String> events = new ArrayList<>();
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            throw ErrnoException.of(Errno.EFAULT);
        }), 0, 1);
        dispatcher.addInterceptor(new Recorder("one", events, SyscallInterceptor.PASS, 0), 1, 2);
        assertEquals(-Errno.EFAULT, call(NUMBER));
        assertEquals(List.of("before one", "after one -14"), events);
    }

    @Test
    void shouldLeaveOtherSlotsAloneWhenInterceptorsCome() {
        dispatcher.addFamily(answering(1), 0, 1);
        SyscallHandler plain = dispatcher.table().handler(NUMBER);
        dispatcher.addInterceptor(new Fakes().on("numbers", a -> new int[] {NUMBER + 1}).on("covers", a -> true).as(SyscallInterceptor.class), 0, 2);
        assertSame(plain, dispatcher.table().handler(NUMBER));
    }
}
