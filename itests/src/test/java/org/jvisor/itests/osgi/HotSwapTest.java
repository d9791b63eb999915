// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.jvisor.itests.osgi.ProgramKernel.await;
import static org.jvisor.itests.osgi.ProgramKernel.named;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.itests.swap.SwapBundle;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerMethod;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.wiring.BundleWiring;

/**
 * The kernel of the distribution in a framework of the test's own: bundles are replaced while a real program makes the calls that
 * they answer.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerMethod.class)
public class HotSwapTest {

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

    private Bundle install(String location, byte[] jar) throws BundleException {
        Bundle installed = context.installBundle(location, new ByteArrayInputStream(jar));
        installed.start();
        return installed;
    }

    @Test
    public void shouldLoseNoCallWhenABundleIsReplaced() throws Exception {
        Bundle first = install("swap-1", SwapBundle.jar(1));
        WeakReference<ClassLoader> firstLoader = new WeakReference<>(first.adapt(BundleWiring.class).getClassLoader());
        Container container = programs.start("test", "hotswap");
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
        Container container = programs.start("test", "parent");
        await("the program's start", () -> named(container, "before"));
        Bundle plugin = context.installBundle(System.getProperty("fixed-parent"));
        plugin.start();
        await("the plugin's answer", () -> named(container, "during"));
        plugin.uninstall();
        assertEquals(0, container.waitForExit());
    }
}
