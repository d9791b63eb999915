// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.itests.swap.SwapBundle;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerMethod;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.wiring.BundleWiring;

/**
 * The kernel of the distribution in a framework of the test's own: bundles are replaced while a real program makes the calls that
 * they answer.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerMethod.class)
public class HotSwapTest {

    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(60);

    @Inject
    private BundleContext context;

    @Inject
    private Kernel kernel;

    @Inject
    private HostKernel host;

    private ServiceRegistration<?> root;

    @Configuration
    public Option[] configuration() throws IOException {
        return Distribution.options();
    }

    @Before
    public void startKernel() {
        root = context.registerService(FileSystemType.class, new ProgramRoot(context), null);
        kernel.start(new Kernel.KernelOptions("ptrace", "6.1.0-jvisor", false, List.of(), 1L << 30));
    }

    @After
    public void stopKernel() {
        kernel.stop();
        root.unregister();
    }

    private Container start(String program) {
        int output = (int) host.syscall(SyscallNr.MEMFD_CREATE, host.allocate(8), 0);
        ContainerSpec spec = new ContainerSpec("test", "test", "", new ProcessSpec(List.of("/" + program), List.of(), "/",
                new ProcessSpec.User(0, 0, List.of(), 022),
                new ProcessSpec.Capabilities(Capability.ALL, Capability.ALL, 0, Capability.ALL, 0), List.of(), false,
                new int[] {output, output, output}, false, -1, 0, 0, 0), new ContainerSpec.Root(0, false, false, 0), List.of());
        Container container = kernel.create(spec);
        container.start();
        return container;
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT_NS;
        while (!condition.getAsBoolean()) {
            assertTrue(what + " did not happen in time", System.nanoTime() - end < 0);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private Bundle install(String location, byte[] jar) throws BundleException {
        Bundle installed = context.installBundle(location, new ByteArrayInputStream(jar));
        installed.start();
        return installed;
    }

    @Test
    public void shouldLoseNoCallWhenABundleIsReplaced() throws Exception {
        Bundle first = install("swap-1", SwapBundle.jar(1));
        WeakReference<ClassLoader> firstLoader = new WeakReference<>(first.adapt(BundleWiring.class).getClassLoader());
        Container container = start("hotswap");
        // Its first thread waits for the others, three make call 500, and one is blocked in the first bundle's read(2).
        await("a thread's read", () -> container.init().tasks().size() == 5
                && container.init().tasks().stream().anyMatch(task -> task.currentCall() == SyscallNr.READ && task.state() == 'S'));

        Bundle second = install("swap-2", SwapBundle.jar(2));
        first.uninstall();
        assertEquals(0, container.waitForExit());
        second.uninstall();

        first = null;
        await("the collection of the first bundle's class loader", () -> {
            System.gc();
            return firstLoader.get() == null;
        });
        assertNull(firstLoader.get());
    }

    @Test
    public void shouldHandANumberToAPluginAndBack() throws Exception {
        Container container = start("parent");
        await("the program's start", () -> named(container, "before"));
        Bundle plugin = context.installBundle(System.getProperty("fixed-parent"));
        plugin.start();
        await("the plugin's answer", () -> named(container, "during"));
        plugin.uninstall();
        assertEquals(0, container.waitForExit());
    }

    private static boolean named(Container container, String name) {
        Task leader = container.init().leader();
        return leader != null && leader.name().equals(name);
    }
}
