// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
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
    private static final String SENTRY_MAIN = "org.jvisor.launcher.boot.SentryMain";

    private final HostCalls calls;
    private final Settings settings;
    private final SignalPipe signals;
    private final LastWords lastWords;
    private final Helpers helpers;
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
     * @param testProperties what tests switch in the Sentry and the gofer: NAME=VALUE
     */
    public record Settings(String id, String root, boolean rootless, boolean debug, int sentryLog, int goferLog, KernelOptions kernel,
            List<String> testProperties) {}

    private Sandbox(HostCalls calls, Settings settings) {
        this.calls = calls;
        this.settings = settings;
        calls.closeOnExecFrom(Helpers.FIRST_OF_CHILD);
        this.state = StateFolder.create(calls, settings.root, settings.id);
        this.signals = new SignalPipe(calls);
        this.lastWords = new LastWords(calls);
        this.helpers = new Helpers(calls, settings, lastWords);
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
        signals.take(Forwarding.SIGNALS);
        List<String> command = helpers.command("sentry", "runsc-sandbox");
        command.add(SENTRY_MAIN);
        command.add("--control-fd=" + Helpers.FIRST_OF_CHILD);
        sentry = helpers.start("the Sentry", command, settings.sentryLog, ends[1]);
        calls.close(ends[1]);
    }

    /**
     * Runs a container to its end.
     *
     * @param bundle for the state only
     * @return runsc's exit status: the program's, or 128 and the signal that ended it
     */
    public int run(ContainerPlan plan, String bundle, ContainerPlan.Stdio stdio) {
        state.write("creating", sentry.pid(), bundle);
        int[] connections = new int[plan.exports().size()];
        gofer = helpers.startGofer(plan.exports(), connections);
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
        helpers.writePid(file, sentry);
    }

    private int supervise(HostTerminal terminal, String bundle) {
        Forwarding forwarding = new Forwarding(control, settings.id, 0, terminal);
        SentryWatch watch = new SentryWatch(control, new ProcessorUse(calls, sentry.pid()), true);
        boolean running = false;
        try (Poll poll = new Poll(calls.host(), control.descriptor(), signals.descriptor(), sentry.descriptor(),
                gofer.descriptor(), lastWords.readEnd())) {
            for (;;) {
                poll.await(running ? watch.waitMillis() : -1);
                if (poll.isReady(lastWords.readEnd()) && !lastWords.take()) {
                    poll.drop(lastWords.readEnd());
                }
                if (poll.isReady(control.descriptor())) {
                    ControlSocket.Frame frame = control.receive();
                    if (frame == null) {
                        throw helpers.died(sentry);
                    }
                    switch (frame.type()) {
                        case Messages.STARTED -> {
                            running = true;
                            state.write("running", sentry.pid(), bundle);
                        }
                        case Messages.EXITED -> {
                            return Forwarding.exitStatus(new BodyReader(frame.body()).integer());
                        }
                        case Messages.DONE -> watch.answered(frame.request());
                        case Messages.FAILED -> throw new RunscException(new BodyReader(frame.body()).text());
                        default -> throw new RunscException("frame of type " + frame.type() + " from the Sentry");
                    }
                    continue;
                }
                if (poll.isReady(sentry.descriptor())) {
                    throw helpers.died(sentry);
                }
                if (poll.isReady(gofer.descriptor())) {
                    poll.drop(gofer.descriptor());
                    helpers.requireOrderlyEnd(gofer);
                }
                if (running) {
                    // With nothing to read: an answer that has come counts, however late this looks for it.
                    watch.look();
                }
                for (int signal = signals.next(); signal != 0; signal = signals.next()) {
                    if (!running && signal != Signals.SIGWINCH) {
                        return 128 + signal;
                    }
                    forwarding.forward(signal, watch.order(signal));
                }
            }
        }
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
        helpers.close();
    }
}
