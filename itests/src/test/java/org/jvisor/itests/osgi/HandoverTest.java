// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.jvisor.itests.osgi.Build.Change.NEWER_SCHEMA;
import static org.jvisor.itests.osgi.Build.Change.NONE;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.Replacement;
import org.jvisor.api.vfs.FileSystemType;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerMethod;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.wiring.BundleWiring;

/**
 * Each bundle that does the work for something that outlives a call is replaced {@value #TIMES} times, once by a build with a newer
 * schema, while a program of many processes and threads uses all of them and checks every result and every byte.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerMethod.class)
public class HandoverTest {

    private static final int TIMES = 20;
    private static final int NEWER_SCHEMA_AT = 10;
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(300);

    @Inject
    private BundleContext context;

    @Inject
    private Kernel kernel;

    @Inject
    private HostKernel host;

    @Inject
    private Handover handover;

    private ServiceRegistration<?> root;
    private int output;
    /** The class loaders of replaced bundles, by version. */
    private final Map<String, WeakReference<ClassLoader>> replaced = new TreeMap<>();

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

    @Test
    public void shouldReplaceFileSystems() throws Exception {
        replaceUnderLoad("fs-tmpfs", "fs-proc", "fs-sys", "fs-dev", "fs-host", "fs-overlay");
    }

    @Test
    public void shouldReplaceSystemCallFamilies() throws Exception {
        replaceUnderLoad("syscalls-fs", "syscalls-mm", "syscalls-net", "syscalls-task");
    }

    @Test
    public void shouldReplaceSocketFamilies() throws Exception {
        replaceUnderLoad("net-local");
    }

    @Test
    public void shouldReplaceWhatServesSocketsOfAllKinds() throws Exception {
        replaceUnderLoad(List.of("/handover-net", "/tmp"), "net-local", "syscalls-net");
    }

    @Test
    public void shouldReplaceThePlatform() throws Exception {
        replaceUnderLoad("platform-ptrace");
    }

    private void replaceUnderLoad(String... bundles) throws Exception {
        replaceUnderLoad(List.of("/handover", "/tmp", "/", "-o", "/tmp"), bundles);
    }

    private void replaceUnderLoad(List<String> program, String... bundles) throws Exception {
        Container container = start(program);
        await("the program's work", container.init()::children, () -> container.init().children().size() >= 10);
        for (String bundle : bundles) {
            replace(bundle);
        }
        container.signal(Signals.SIGUSR1, 0);
        int status = container.waitForExit();
        assertEquals(written(), 0, status);
        System.out.println(written().strip());
        await("the collection of the old class loaders", replaced::keySet, () -> {
            System.gc();
            replaced.values().removeIf(loader -> loader.get() == null);
            return replaced.isEmpty();
        });
    }

    private Container start(List<String> program) {
        output = (int) host.syscall(SyscallNr.MEMFD_CREATE, host.allocate(8), 0);
        int stdio = (int) host.syscall(SyscallNr.DUP, output);
        ProcessSpec process = new ProcessSpec(program, List.of(), "/",
                new ProcessSpec.User(0, 0, List.of(), 022),
                new ProcessSpec.Capabilities(Capability.ALL, Capability.ALL, 0, Capability.ALL, 0), List.of(), false,
                new int[] {stdio, stdio, stdio}, false, -1, 0, 0, 0);
        Container container = kernel.create(new ContainerSpec("test", "test", "", process, new ContainerSpec.Root(0, false, false, 0),
                List.of(mount("/proc", "proc", ""), mount("/sys", "sysfs", ""), mount("/dev", "dev", ""),
                        mount("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"), mount("/tmp", "tmpfs", "")), 0));
        container.start();
        return container;
    }

    private static MountSpec mount(String destination, String type, String data) {
        return new MountSpec(destination, type, type, 0, data, -1, false);
    }

    private void replace(String name) throws Exception {
        Bundle old = bundle(name);
        long longestNs = 0;
        int objects = 0;
        for (int i = 1; i <= TIMES; i++) {
            Bundle fresh = install(name + "-" + i, Build.of(name, "9." + i, i == NEWER_SCHEMA_AT ? NEWER_SCHEMA : NONE));
            ServiceReference<?> before = driver(old);
            if (before != null) {
                Driver goes = (Driver) context.getService(before);
                Handover.Report report = handover.replace(new Replacement(goes::owns, goes,
                        (Driver) context.getService(driver(fresh)), new Services(old)), LIMIT_NS);
                longestNs = Math.max(longestNs, report.pause().ns());
                objects = Math.max(objects, report.objects());
            }
            replaced.put(old.toString(), new WeakReference<>(old.adapt(BundleWiring.class).getClassLoader()));
            old.uninstall();
            old = fresh;
        }
        System.out.println(name + ": replaced " + TIMES + " times, " + objects + " objects, longest pause "
                + TimeUnit.NANOSECONDS.toMillis(longestNs) + " ms");
    }

    /** Those of the new bundle are there already. */
    private record Services(Bundle old) implements Replacement.Services {

        @Override
        public void offer() {}

        @Override
        public void revoke() {}

        @Override
        public void withdraw() {
            try {
                old.stop();
            } catch (BundleException e) {
                throw new AssertionError(e);
            }
        }
    }

    private Bundle bundle(String name) {
        for (Bundle bundle : context.getBundles()) {
            if (name.equals(bundle.getSymbolicName())) {
                return bundle;
            }
        }
        throw new AssertionError("no bundle " + name);
    }

    private Bundle install(String location, byte[] jar) throws BundleException {
        Bundle installed = context.installBundle(location, new ByteArrayInputStream(jar));
        installed.start();
        return installed;
    }

    private static ServiceReference<?> driver(Bundle bundle) {
        for (ServiceReference<?> reference : bundle.getRegisteredServices()) {
            if (List.of((String[]) reference.getProperty("objectClass")).contains(Driver.class.getName())) {
                return reference;
            }
        }
        return null;
    }

    private String written() {
        byte[] bytes = new byte[4096];
        long address = host.allocate(bytes.length);
        int length = (int) Math.max(0, host.syscall(SyscallNr.PREAD64, output, address, bytes.length, 0, 0, 0));
        host.copyIn(address, bytes, 0, length);
        host.free(address);
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    /** @param left tells what has not happened yet */
    private static void await(String what, Supplier<?> left, BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT_NS;
        while (!condition.getAsBoolean()) {
            assertTrue(what + " did not happen in time: " + left.get(), System.nanoTime() - end < 0);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
