// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.platform.Platform;
import org.jvisor.host.choice.HostChoice;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.BootOptions;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.control.SpecCodec;
import org.jvisor.launcher.host.HostCalls;
import org.osgi.framework.BundleException;

/**
 * The Sentry's entry: starts the framework, waits for the {@link Kernel}, makes the container that runsc describes over the
 * control socket and tells how it ends.
 */
public final class SentryMain {
    private static final System.Logger LOG = System.getLogger("org.jvisor.boot");
    private static final String CONTROL = "--control-fd=";
    /** Components come up while their bundles start; this is for what they do in threads, on a machine that is busy with other things. */
    private static final long BOOT_SECONDS = 60;

    private static final long THREAD_STACK_BYTES = 512 << 10;
    private static final long PAUSE_MILLIS = 50;

    private final HostCalls calls;
    private final ControlSocket control;
    private boolean storageMounted;

    private SentryMain(HostCalls calls, ControlSocket control) {
        this.calls = calls;
        this.control = control;
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 1 || !arguments[0].startsWith(CONTROL)) {
            throw new IllegalArgumentException("usage: SentryMain " + CONTROL + "N");
        }
        // Standard output is /dev/null; what libraries print there belongs to the log.
        System.setOut(System.err);
        milestone("the virtual machine has started");
        HostKernel host = HostChoice.make();
        int descriptor = Integer.parseInt(arguments[0].substring(CONTROL.length()));
        SentryMain sentry = new SentryMain(new HostCalls(host), new ControlSocket(host, descriptor));
        sentry.standAlone();
        int status = 0;
        try {
            sentry.run();
        } catch (RunscException e) {
            sentry.fail(e.getMessage());
            status = RunscException.FAILED;
        } catch (BundleException | IOException e) {
            sentry.fail("starting the framework: " + e.getMessage());
            status = RunscException.FAILED;
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "the Sentry cannot go on", e);
            sentry.fail("the Sentry cannot go on: " + e);
            status = RunscException.FAILED;
        }
        Runtime.getRuntime().halt(status);
    }

    private void run() throws BundleException, IOException, InterruptedException {
        String storage = mountStorage() ? scratch() + "/framework" : Files.createTempDirectory("jvisor").toString();
        SandboxFramework framework = SandboxFramework.start(System.getProperty("jvisor.home") + "/lib/bundles.index", storage);
        milestone("the framework has started");
        Kernel kernel = framework.await(Kernel.class, BOOT_SECONDS);
        kernel.setLastResort(lastResort());
        ControlSocket.Frame boot = next(Messages.BOOT);
        Container container = create(kernel, boot);
        milestone("the container is there");
        framework.bundles().sealed(seal(framework.services(HostCaller.class).stream()
            .filter(caller -> !isSpare(kernel, caller)).toList()));
        milestone("the Sentry is sealed");
        // From here on: what is installed is held against the seal.
        Requests requests = new Requests(calls, kernel, container, framework);
        Thread receiver = daemon("control", () -> {
            // Without runsc there is nobody whose sandbox this is, whatever has ended its requests.
            int end = RunscException.FAILED;
            try {
                requests.serve(control);
                end = 0;
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.ERROR, "requests from runsc", e);
            } finally {
                Runtime.getRuntime().halt(end);
            }
        });
        new ControlListener(calls, requests, boot.descriptors()[0]).start();
        container.start();
        send(Messages.STARTED, container.init().pid());
        milestone("the container runs");
        tellOfExit(kernel, container);
        milestone("the container has ended");
        // runsc ends this process, unless it is to end in order.
        receiver.join();
    }

    /** Where there is no memory for it just now, there is room in a moment. */
    private void tellOfExit(Kernel kernel, Container container) throws InterruptedException {
        boolean told = false;
        while (!told) {
            try {
                send(Messages.EXITED, container.waitForExit());
                told = true;
            } catch (OutOfMemoryError e) {
                kernel.outOfMemory();
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** The end that nothing else can be tried after: one line, from what is there already. */
    private Runnable lastResort() {
        String line = "the Sentry's memory is exhausted, and to end processes does not help";
        BodyWriter body = new BodyWriter();
        body.text(line);
        Runnable tell = control.prepare(Messages.FAILED, body.bytes());
        byte[] text = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        FileOutputStream log = new FileOutputStream(FileDescriptor.err);
        return () -> {
            try {
                log.write(text);
            } catch (IOException | OutOfMemoryError e) {
                // The frame tells it, too.
            } finally {
                tell.run();
                Runtime.getRuntime().halt(RunscException.FAILED);
            }
        };
    }

    private static void milestone(String what) {
        LOG.log(System.Logger.Level.DEBUG, what);
    }

    private static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(null, task, name, THREAD_STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private Container create(Kernel kernel, ControlSocket.Frame boot) {
        ControlSocket.Frame frame = null;
        try {
            kernel.start(BootOptions.read(boot.body()));
            milestone("the kernel has started");
            frame = next(Messages.CREATE);
            ContainerSpec spec = SpecCodec.read(frame.body(), frame.descriptors());
            return kernel.create(spec);
        } catch (StartException | ErrnoException e) {
            throw new RunscException((frame == null ? "starting the kernel: " : "creating the container: ") + e.getMessage());
        }
    }

    private ControlSocket.Frame next(int type) {
        ControlSocket.Frame frame = control.receive();
        if (frame == null) {
            throw new RunscException("runsc is gone");
        }
        if (frame.type() != type) {
            throw new RunscException("frame of type " + frame.type() + " where " + type + " is due");
        }
        return frame;
    }

    private void send(int type, int value) {
        BodyWriter body = new BodyWriter();
        body.number(value);
        control.send(type, body.bytes());
    }

    private void fail(String message) {
        BodyWriter body = new BodyWriter();
        body.text(message.replace('\n', ' '));
        control.send(Messages.FAILED, body.bytes());
    }

    /** Ends with runsc; keeps no folder busy. */
    private void standAlone() {
        HostKernel host = calls.host();
        host.syscall(SyscallNr.PRCTL, Prctl.PR_SET_PDEATHSIG, Signals.SIGKILL);
        calls.withString("/", at -> host.syscall(SyscallNr.CHDIR, at));
    }

    private static String scratch() {
        return System.getProperty("jvisor.home") + "/lib/scratch";
    }

    /**
     * A folder for the framework that is gone with this process: a file system in memory, mounted where only the Sentry's own
     * mount namespace has it, over a folder that the distribution brings for that. Where mounting is not allowed, the system's
     * folder for temporary files has to do.
     */
    private boolean mountStorage() {
        long result = calls.withString("/", at -> calls.host().syscall(SyscallNr.MOUNT, 0, at, 0, Mount.MS_REC | Mount.MS_PRIVATE));
        if (result == 0) {
            result = calls.withString("tmpfs", type -> calls.withString(scratch(), at -> calls.host().syscall(SyscallNr.MOUNT, type,
                at, type, Mount.MS_NOSUID | Mount.MS_NODEV | Mount.MS_NOEXEC, 0, 0)));
        }
        storageMounted = result == 0;
        return storageMounted;
    }

    /** A platform that was not chosen. */
    private static boolean isSpare(Kernel kernel, HostCaller caller) {
        return caller instanceof Platform platform && !kernel.preparedPlatforms().contains(platform);
    }

    /** With the property, this run is the one that the AOT cache is made of. */
    private SealedCalls seal(List<HostCaller> callers) {
        boolean rehearsal = Boolean.getBoolean("jvisor.rehearsal");
        SentrySeal seal = new SentrySeal(rehearsal ? new HostCalls(new RehearsedHost(calls.host())) : calls);
        return seal.apply(storageMounted ? scratch() : null, callers);
    }
}
