// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.SpawnRequest;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.BootOptions;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.control.SpecCodec;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.host.HostTerminal;
import org.jvisor.launcher.host.Poll;
import org.jvisor.launcher.host.SignalPipe;

/**
 * The processes of one sandbox with one container, from runsc's side. The Sentry is started at once, the gofer when its exports
 * are known; then both get what they need over their sockets. {@link #close} leaves no process behind. One thread.
 */
public final class Sandbox implements AutoCloseable {
    private static final long NAMESPACES = Clone.CLONE_NEWNS | Clone.CLONE_NEWIPC | Clone.CLONE_NEWUTS | Clone.CLONE_NEWPID
        | Clone.CLONE_NEWNET;
    private static final String UNSHARE = "/usr/bin/unshare";
    private static final String SENTRY_MAIN = "org.jvisor.launcher.boot.SentryMain";
    private static final String GOFER_MAIN = "org.jvisor.gofer.Main";
    /** Where the children find what they are given. */
    private static final int FIRST_OF_CHILD = 3;
    /** What is passed on to the container; SIGTSTP and its kin stop runsc as they stop any program. */
    private static final int[] FORWARDED = {Signals.SIGHUP, Signals.SIGINT, Signals.SIGQUIT, Signals.SIGUSR1, Signals.SIGUSR2,
        Signals.SIGALRM, Signals.SIGTERM, Signals.SIGWINCH};
    /** Container.signal's word for the foreground process group, or the first process without a terminal. */
    private static final int FOREGROUND = -2;

    private final HostCalls calls;
    private final Settings settings;
    private final Distribution distribution;
    private final SignalPipe signals;
    private final LastWords lastWords;
    private final int nullDevice;
    private ControlSocket control;
    private Child sentry;
    private Child gofer;
    private final StateFolder state;

    /**
     * @param id the container's
     * @param root the folder of the containers' states
     * @param rootless whether to make the namespaces inside a user namespace when the caller is not root
     * @param debug whether the Sentry and the gofer log what only developers want to know
     * @param sentryLog descriptor of a log, or -1; {@code goferLog} likewise
     */
    public record Settings(String id, String root, boolean rootless, boolean debug, int sentryLog, int goferLog, KernelOptions kernel) {}

    private Sandbox(HostCalls calls, Settings settings) {
        this.calls = calls;
        this.settings = settings;
        this.distribution = Distribution.current(calls);
        calls.closeOnExecFrom(FIRST_OF_CHILD);
        this.state = StateFolder.create(calls, settings.root, settings.id);
        this.signals = new SignalPipe(calls);
        this.lastWords = new LastWords(calls);
        this.nullDevice = (int) HostCalls.check(calls.open("/dev/null", Open.O_RDWR, 0), "opening /dev/null");
    }

    /** Starts the Sentry. */
    public static Sandbox start(HostCalls calls, Settings settings) {
        Sandbox sandbox = new Sandbox(calls, settings);
        try {
            sandbox.startSentry();
            return sandbox;
        } catch (RunscException e) {
            sandbox.close();
            throw e;
        }
    }

    private void startSentry() {
        int[] ends = calls.socketPair(Socket.SOCK_STREAM);
        control = new ControlSocket(calls.host(), ends[0]);
        int listener = calls.listen(state.controlSocket());
        // Nobody asks for the lock again: that the Sentry has it open is all it is for.
        control.send(Messages.BOOT, BootOptions.write(settings.kernel), listener, state.lock());
        calls.close(listener);
        signals.take(FORWARDED);
        List<String> command = command("sentry", "runsc-sandbox");
        command.add(SENTRY_MAIN);
        command.add("--control-fd=" + FIRST_OF_CHILD);
        sentry = start("the Sentry", command, settings.sentryLog, ends[1]);
        calls.close(ends[1]);
    }

    private List<String> command(String role, String processName) {
        List<String> command = distribution.command(role, processName);
        command.add("-Djvisor.log=" + (settings.debug ? "DEBUG" : settings.kernel.strace() ? "INFO" : "WARNING"));
        return command;
    }

    private Child start(String name, List<String> command, int log, int... given) {
        int[] descriptors = new int[FIRST_OF_CHILD + given.length];
        descriptors[0] = nullDevice;
        descriptors[1] = nullDevice;
        descriptors[2] = log >= 0 ? log : lastWords.writeEnd();
        System.arraycopy(given, 0, descriptors, FIRST_OF_CHILD, given.length);
        // One arena: glibc would otherwise map one a thread, each with its own pages.
        List<String> environment = List.of("MALLOC_ARENA_MAX=1");
        if (settings.rootless && calls.host().syscall(SyscallNr.GETEUID) != 0) {
            SpawnRequest request = new SpawnRequest(UNSHARE, withUserNamespace(command), environment, descriptors);
            return Child.start(calls.host(), name, request, 0);
        }
        return Child.start(calls.host(), name, new SpawnRequest(distribution.java(), command, environment, descriptors), NAMESPACES);
    }

    /**
     * Without root, namespaces take a user namespace around them. A process with threads, as a JVM is, cannot enter a new one
     * (unshare(2)), so unshare(1) stands in between.
     */
    private List<String> withUserNamespace(List<String> command) {
        List<String> wrapped = new ArrayList<>(List.of("unshare", "--user", "--map-root-user", "--mount", "--ipc", "--uts", "--pid",
            "--net", "--fork", "--kill-child=KILL", "--", distribution.java()));
        wrapped.addAll(command.subList(1, command.size()));
        return wrapped;
    }

    /**
     * Runs a container to its end.
     *
     * @param bundle for the state only
     * @return runsc's exit status: the program's, or 128 and the signal that ended it
     */
    public int run(ContainerPlan plan, String bundle, ContainerPlan.Stdio stdio) {
        state.write("creating", sentry.pid(), bundle);
        int[] connections = startGofer(plan.exports());
        ContainerSpec spec = plan.spec(connections, stdio);
        List<Integer> descriptors = new ArrayList<>();
        byte[] body = SpecCodec.write(spec, descriptors);
        control.send(Messages.CREATE, body, SpecCodec.array(descriptors));
        for (int connection : connections) {
            calls.close(connection);
        }
        lastWords.closeWriteEnd();
        if (stdio.terminal() < 0) {
            return supervise(null, bundle);
        }
        try (HostTerminal terminal = new HostTerminal(calls.host(), stdio.terminal())) {
            terminal.makeRaw();
            return supervise(terminal, bundle);
        }
    }

    /** For callers that want to know a process that stands for the container. */
    public void writePid(String file) {
        if (!file.isEmpty()) {
            int fd = calls.open(file, Open.O_WRONLY | Open.O_CREAT | Open.O_TRUNC, 0644);
            HostCalls.check(fd, "writing " + file);
            long written = calls.write(fd, ByteStrings.bytes(Integer.toString(sentry.pid())));
            calls.close(fd);
            HostCalls.check(written, "writing " + file);
        }
    }

    /** The Sentry's ends of the connections, in the order of the exports. */
    private int[] startGofer(List<GoferExport> exports) {
        StringBuilder lines = new StringBuilder();
        exports.forEach(export -> lines.append(export.toLine()));
        int[] ours = new int[exports.size()];
        int[] given = new int[exports.size() + 1];
        given[0] = calls.memoryFile("exports", ByteStrings.bytes(lines.toString()));
        for (int i = 0; i < ours.length; i++) {
            int[] ends = calls.socketPair(Socket.SOCK_SEQPACKET);
            ours[i] = ends[0];
            given[i + 1] = ends[1];
        }
        List<String> command = command("gofer", "runsc-gofer");
        command.add(GOFER_MAIN);
        command.add("--mounts-fd=" + FIRST_OF_CHILD);
        command.add("--io-fds=" + numbers(FIRST_OF_CHILD + 1, ours.length));
        command.add("--die-with-parent");
        gofer = start("the gofer", command, settings.goferLog, given);
        for (int fd : given) {
            calls.close(fd);
        }
        return ours;
    }

    private static String numbers(int first, int count) {
        return IntStream.range(first, first + count).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    private int supervise(HostTerminal terminal, String bundle) {
        boolean running = false;
        try (Poll poll = new Poll(calls.host(), control.descriptor(), signals.descriptor(), sentry.descriptor(),
                gofer.descriptor(), lastWords.readEnd())) {
            for (;;) {
                poll.await();
                if (poll.isReady(lastWords.readEnd()) && !lastWords.take()) {
                    poll.drop(lastWords.readEnd());
                }
                if (poll.isReady(control.descriptor())) {
                    ControlSocket.Frame frame = control.receive();
                    if (frame == null) {
                        throw died(sentry);
                    }
                    switch (frame.type()) {
                        case Messages.STARTED -> {
                            running = true;
                            state.write("running", sentry.pid(), bundle);
                        }
                        case Messages.EXITED -> {
                            return status(new BodyReader(frame.body()).integer());
                        }
                        case Messages.FAILED -> throw new RunscException(new BodyReader(frame.body()).text());
                        default -> throw new RunscException("frame of type " + frame.type() + " from the Sentry");
                    }
                    continue;
                }
                if (poll.isReady(sentry.descriptor())) {
                    throw died(sentry);
                }
                if (poll.isReady(gofer.descriptor())) {
                    poll.drop(gofer.descriptor());
                    goferEnded(running);
                }
                for (int signal = signals.next(); signal != 0; signal = signals.next()) {
                    if (!running && signal != Signals.SIGWINCH) {
                        return 128 + signal;
                    }
                    forward(signal, terminal);
                }
            }
        }
    }

    private void forward(int signal, HostTerminal terminal) {
        BodyWriter body = new BodyWriter();
        if (signal == Signals.SIGWINCH) {
            if (terminal != null) {
                int[] window = terminal.window();
                body.number(window[0]);
                body.number(window[1]);
                control.send(Messages.RESIZE, body.bytes());
            }
            return;
        }
        body.number(signal);
        body.number(FOREGROUND);
        control.send(Messages.SIGNAL, body.bytes());
    }

    /**
     * The gofer ends by itself when the Sentry has closed its connections. Without it the container's files answer EIO: it is up to
     * the program what to make of that.
     */
    private void goferEnded(boolean running) {
        RunscException death = died(gofer);
        if (gofer.hasSucceeded()) {
            return;
        }
        if (!running) {
            throw death;
        }
        calls.write(2, ByteStrings.bytes(death.getMessage() + "\n"));
    }

    private RunscException died(Child child) {
        child.kill();
        child.reap();
        lastWords.take();
        return new RunscException(child.end() + lastWords.suffix());
    }

    private static int status(int waitStatus) {
        return Wait.isSignaled(waitStatus) ? 128 + Wait.termSignal(waitStatus) : Wait.exitCode(waitStatus);
    }

    /** Ends what still runs. */
    @Override
    public void close() {
        // With the property, the processes end by themselves: so they write what they recorded for an AOT cache.
        boolean orderly = Boolean.getBoolean("jvisor.orderly");
        if (control != null) {
            control.shutdown();
        }
        for (Child child : new Child[] {sentry, gofer}) {
            if (child != null) {
                if (!orderly) {
                    child.kill();
                }
                child.reap();
            }
        }
        state.close();
        lastWords.close();
        if (control != null) {
            control.close();
        }
        calls.close(nullDevice);
    }
}
