// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.junit.Assert.assertEquals;
import static org.jvisor.itests.osgi.ProgramKernel.await;
import static org.jvisor.itests.osgi.ProgramKernel.named;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.itests.swap.SwapBundle;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerMethod;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

/** Interceptors, one of them from a bundle of its own, watch the calls of real programs. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerMethod.class)
public class InterceptorTest {

    private static final String WATCHED = "watched";
    private static final long DELAY_NS = TimeUnit.MILLISECONDS.toNanos(20);

    @Inject
    private BundleContext context;

    @Inject
    private Kernel kernel;

    @Inject
    private HostKernel host;

    private ProgramKernel programs;

    @Configuration
    public Option[] configuration() throws IOException {
        return Distribution.options();
    }

    @Before
    public void startKernel() {
        programs = new ProgramKernel(context, kernel, host);
    }

    @After
    public void stopKernel() {
        programs.close();
    }

    /** Watches one number in one container, and notes what it is asked and told. */
    private static final class Watch implements SyscallInterceptor {
        private final int number;
        private final ToLongFunction<Task> answer;
        private final List<String> events = new CopyOnWriteArrayList<>();

        Watch(int number, ToLongFunction<Task> answer) {
            this.number = number;
            this.answer = answer;
        }

        @Override
        public int[] numbers() {
            return new int[] {number};
        }

        @Override
        public boolean covers(Container container) {
            return container.id().equals(WATCHED);
        }

        @Override
        public long before(Task task, Arguments arguments) {
            events.add("before");
            return answer.applyAsLong(task);
        }

        @Override
        public long after(Task task, Arguments arguments, long result) {
            events.add("after " + result);
            return result;
        }
    }

    private Watch watch(int number, ToLongFunction<Task> answer) {
        Watch watch = new Watch(number, answer);
        context.registerService(SyscallInterceptor.class, watch, null);
        return watch;
    }

    private void assertEnds(Container container) throws InterruptedException {
        int status = container.waitForExit();
        assertEquals(programs.written(), 0, status);
    }

    private Bundle install(int answer) throws BundleException {
        Bundle bundle = context.installBundle("swap-" + answer, new ByteArrayInputStream(SwapBundle.jar(answer)));
        bundle.start();
        return bundle;
    }

    @Test
    public void shouldOpenWhatWasJudgedThoughAnotherThreadChangesTheName() throws Exception {
        Container container = programs.start("guarded", "guarded");
        await("the program's start", () -> named(container, "before"));
        Bundle guard = context.installBundle(System.getProperty("path-guard"));
        guard.start();
        await("the program's race", () -> container.init().leader().state() == 'Z' || named(container, "judged"));
        guard.uninstall();
        assertEnds(container);
    }

    @Test
    public void shouldAskOnceThoughTheHandlerIsReplaced() throws Exception {
        Watch watch = watch(SyscallNr.READ, task -> SyscallInterceptor.PASS);
        Bundle first = install(1);
        Container container = programs.start(WATCHED, "hotswap");
        await("a thread's read", () -> container.init().tasks().size() == 5
                && container.init().tasks().stream().anyMatch(task -> task.currentCall() == SyscallNr.READ && task.state() == 'S'));
        assertEquals(List.of("before"), watch.events);
        Bundle second = install(2);
        first.uninstall();
        assertEnds(container);
        assertEquals(List.of("before", "after 1"), watch.events);
        second.uninstall();
    }

    @Test
    public void shouldKeepToItsContainerAndDelay() throws Exception {
        Watch refusal = watch(SyscallNr.GETPPID, task -> -Errno.EPERM);
        Watch delay = watch(SyscallNr.TIMES, task -> SyscallInterceptor.passAfter(DELAY_NS));
        Container watched = programs.start(WATCHED, "watched", "judged");
        Container other = programs.start("other", "watched", "alone");
        assertEnds(watched);
        assertEnds(other);
        assertEquals(200, refusal.events.size());
        assertEquals(2, delay.events.size());
    }

    @Test
    public void shouldEndACallThatIsDelayedForDays() throws Exception {
        Watch delay = watch(SyscallNr.TIMES, task -> SyscallInterceptor.passAfter(TimeUnit.DAYS.toNanos(1)));
        Container container = programs.start(WATCHED, "watched", "slow");
        await("the delay", () -> delay.events.equals(List.of("before"))
                && container.init().tasks().stream().anyMatch(task -> task.state() == 'S'));
        container.signal(Signals.SIGKILL, 0);
        assertEquals(Wait.signaled(Signals.SIGKILL, false), container.waitForExit());
        assertEquals("", programs.written());
    }
}
