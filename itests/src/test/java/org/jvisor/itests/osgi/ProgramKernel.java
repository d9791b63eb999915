// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.junit.Assert.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileSystemType;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** The framework's kernel, started, and containers in it that run the test programs of {@link ProgramRoot}. */
final class ProgramKernel implements AutoCloseable {

    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(300);
    private static final int MOST_OUTPUT = 1 << 16;

    private final Kernel kernel;
    private final HostKernel host;
    private final ServiceRegistration<?> root;
    private final int output;

    ProgramKernel(BundleContext context, Kernel kernel, HostKernel host) {
        this.kernel = kernel;
        this.host = host;
        long name = host.allocate(Long.BYTES);
        output = (int) host.syscall(SyscallNr.MEMFD_CREATE, name, 0);
        host.free(name);
        root = context.registerService(FileSystemType.class, new ProgramRoot(context), null);
        kernel.start(new Kernel.KernelOptions("ptrace", "6.1.0-jvisor", false, List.of(), 1L << 30));
    }

    Container start(String id, String program, String... arguments) {
        Container container = create(id, List.of(), program, arguments);
        container.start();
        return container;
    }

    /** One that does not run yet. */
    Container create(String id, List<MountSpec> mounts, String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of("/" + program));
        command.addAll(List.of(arguments));
        // The container's own; it is closed with it.
        int own = (int) host.syscall(SyscallNr.DUP, output);
        ContainerSpec spec = new ContainerSpec(id, id, "", new ProcessSpec(command, List.of(), "/",
                new ProcessSpec.User(0, 0, List.of(), 022),
                new ProcessSpec.Capabilities(Capability.ALL, Capability.ALL, 0, Capability.ALL, 0), List.of(), false,
                new int[] {own, own, own}, false, -1, 0, 0, 0), new ContainerSpec.Root(0, false, false, 0), mounts, 0);
        return kernel.create(spec);
    }

    /** What the programs have written so far. */
    String written() {
        byte[] text = new byte[MOST_OUTPUT];
        long buffer = host.allocate(MOST_OUTPUT);
        int length = (int) host.syscall(SyscallNr.PREAD64, output, buffer, MOST_OUTPUT, 0);
        host.copyIn(buffer, text, 0, Math.max(0, length));
        host.free(buffer);
        return new String(text, 0, Math.max(0, length), StandardCharsets.ISO_8859_1);
    }

    /** Whether the container's first program has given itself this name. */
    static boolean named(Container container, String name) {
        Task leader = container.init().leader();
        return leader != null && leader.name().equals(name);
    }

    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT_NS;
        while (!condition.getAsBoolean()) {
            assertTrue(what + " did not happen in time", System.nanoTime() - end < 0);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        kernel.stop();
        root.unregister();
        host.syscall(SyscallNr.CLOSE, output);
    }
}
