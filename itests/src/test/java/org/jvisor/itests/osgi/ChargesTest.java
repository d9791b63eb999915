// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.junit.Assert.assertEquals;
import static org.jvisor.itests.osgi.ProgramKernel.await;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.Kernel;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerMethod;
import org.osgi.framework.BundleContext;

/**
 * The catalogue of what programs can use up, {@link Charge}: a container makes objects of each kind until it is refused, with the errno
 * that Linux has for that; when it has ended, nobody is charged for anything.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerMethod.class)
public class ChargesTest {

    /** How many more than there are at the start a container may have; of bytes so many. */
    private static final int MORE = 20;
    private static final int MORE_BYTES = 100_000;

    private static final List<MountSpec> MOUNTS = List.of(mount("/proc", "proc", ""), mount("/dev", "dev", ""),
            mount("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"), mount("/tmp", "tmpfs", ""));

    /** Where a program is told something else than {@link Charge#errno}: what makes the object has an errno of its own for it. */
    private static final Map<Charge, Integer> OWN_ERRNOS = new EnumMap<>(Map.of(
            // A file in memory.
            Charge.PAGE, Errno.ENOSPC));

    /** Where a program needs more for itself. */
    private static final Map<Charge, Integer> MARGINS = new EnumMap<>(Map.of(Charge.PAGE, 1000, Charge.DENTRY, 100));

    /** What is there but for the time of a call. */
    private static final Set<Charge> PASSING = EnumSet.of(Charge.WAIT_ENTRY, Charge.EXEC_BYTE);

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

    private static MountSpec mount(String destination, String type, String data) {
        return new MountSpec(destination, type, type, 0, data, -1, false);
    }

    @Test
    public void shouldRefuseEachKindAndGiveAllBack() throws InterruptedException {
        List<String> wrong = new ArrayList<>();
        for (Charge kind : Charge.values()) {
            String found = refusal(kind);
            if (!found.equals(Errno.name(OWN_ERRNOS.getOrDefault(kind, kind.errno())))) {
                wrong.add(kind + ": " + found);
            }
        }
        assertEquals(List.of(), wrong);
    }

    /** What the program is told when there may be no more, and what does not happen as it should. */
    private String refusal(Charge kind) throws InterruptedException {
        int before = programs.written().length();
        Container container = programs.create(kind.name().toLowerCase(Locale.ROOT), MOUNTS, "charges", kind.name());
        Cgroup cgroup = container.cgroup();
        long more = MARGINS.getOrDefault(kind, kind.name().endsWith("BYTE") ? MORE_BYTES : MORE);
        long limit = cgroup.used(kind) + more;
        cgroup.setLimit(kind, limit);
        container.start();
        await(kind + "'s end", () -> programs.written().endsWith("\n") && programs.written().length() > before);
        String found = programs.written().substring(before).strip();
        if (!PASSING.contains(kind) && cgroup.used(kind) <= limit - more / 2) {
            found += " with " + cgroup.used(kind) + " of " + limit;
        }
        container.signal(Signals.SIGKILL, 1);
        container.waitForExit();
        container.destroy();
        await("giving back of " + kind + ": " + left(cgroup), () -> left(cgroup).isEmpty());
        assertEquals(0, cgroup.heapBytes());
        assertEquals(0, cgroup.memoryBytes());
        return found;
    }

    private static Map<Charge, Long> left(Cgroup cgroup) {
        Map<Charge, Long> left = new EnumMap<>(Charge.class);
        for (Charge kind : Charge.values()) {
            if (cgroup.used(kind) != 0) {
                left.put(kind, cgroup.used(kind));
            }
        }
        return left;
    }
}
