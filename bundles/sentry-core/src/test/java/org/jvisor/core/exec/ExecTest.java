// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.core.Fakes;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;

/** execve(2) that fails past its point of no return: the process dies, by SIGSEGV as in Linux, and nothing of it stays. */
class ExecTest {

    private static final int SIGSEGV = Wait.signaled(Signals.SIGSEGV, false);

    private final TestKernel test = new TestKernel();

    ExecTest() {
        test.vfs.on("newPathWalk", a -> new Fakes().ignore("clear").as(PathWalk.class));
    }

    private static long exec(TaskImpl task) {
        byte[] content = ElfBuilder.program().build();
        FileDescription file = new Fakes()
                .on("readAt", a -> {
                    IoBuffer target = (IoBuffer) a[1];
                    long offset = (Long) a[2];
                    return offset >= content.length ? 0L
                            : target.put(content, (int) offset, (int) Math.min(content.length - offset, target.remaining()));
                })
                .on("path", a -> null).ignore("retain", "release").as(FileDescription.class);
        return ExecOperation.exec(task, file, "/program", false, List.of("program".getBytes(StandardCharsets.ISO_8859_1)), List.of());
    }

    /** A table that cannot be copied, and how often it has been released. */
    private static FdTable uncopyable(Supplier<Throwable> failure, AtomicInteger releases) {
        return new Fakes().on("copy", a -> sneak(failure.get())).ignore("retain", "closeOnExec").on("release", a -> {
            releases.incrementAndGet();
            return null;
        }).as(FdTable.class);
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> Object sneak(Throwable failure) throws T {
        throw (T) failure;
    }

    /** Both programs' memory has been given back, and the platform's part with it. */
    private void assertNoMemoryIsLeft(int managers) {
        assertEquals(managers, test.memory.managers.size());
        assertTrue(test.memory.managers.stream().allMatch(manager -> manager.users() == 0));
    }

    @Test
    void shouldBecomeAnotherProgram() {
        AtomicBoolean became = new AtomicBoolean();
        test.run(test.init(
                task -> exec(task),
                task -> {
                    became.set(true);
                    assertEquals("program", task.name());
                    return 0;
                }));
        assertTrue(became.get());
        assertNoMemoryIsLeft(2);
    }

    @Test
    void shouldKillTheProcessWhenThePlatformRefusesASpace() {
        AtomicBoolean goesOn = new AtomicBoolean();
        test.platform.beforeSwitch = () -> {
            throw ErrnoException.of(Errno.EAGAIN);
        };
        assertEquals(SIGSEGV, test.run(test.init(
                task -> exec(task),
                task -> {
                    goesOn.set(true);
                    return 0;
                })));
        assertFalse(goesOn.get());
        assertNoMemoryIsLeft(2);
    }

    @Test
    void shouldKillTheProcessWhenItsDescriptorTableCannotBeCopied() {
        assertDiesWithTable(() -> ErrnoException.of(Errno.EMFILE));
    }

    @Test
    void shouldKillTheProcessWhenThereIsNoHeapForItsDescriptorTable() {
        assertDiesWithTable(() -> new OutOfMemoryError("for the test"));
    }

    private void assertDiesWithTable(Supplier<Throwable> failure) {
        AtomicInteger releases = new AtomicInteger();
        assertEquals(SIGSEGV, test.run(test.init(task -> {
            task.setFiles(uncopyable(failure, releases));
            return exec(task);
        })));
        assertEquals(1, releases.get());
        assertNoMemoryIsLeft(2);
    }

    /** A vfork(2)ing parent goes on, and hears how its child has ended. */
    @Test
    void shouldLetTheVforkingParentGoOn() {
        test.platform.beforeSwitch = () -> {
            throw ErrnoException.of(Errno.EAGAIN);
        };
        assertEquals(0, test.run(test.init(task -> {
            WaitResult result = new WaitResult();
            long pid = test.clone(task, Clone.CLONE_VM | Clone.CLONE_VFORK, Signals.SIGCHLD,
                    child -> exec(child));
            assertTrue(pid > 0);
            assertEquals(pid, task.group().waitForChild(task, Wait.P_ALL, 0, Wait.WEXITED, result));
            assertEquals(Signals.SIGSEGV, result.status);
            return 0;
        })));
        assertNoMemoryIsLeft(2);
    }
}
