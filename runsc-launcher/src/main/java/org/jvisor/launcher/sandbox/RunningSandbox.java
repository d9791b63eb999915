// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.control.SpecCodec;
import org.jvisor.launcher.host.HostBytes;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.host.HostTerminal;
import org.jvisor.launcher.host.Poll;
import org.jvisor.launcher.host.SignalPipe;

/** A sandbox that another call of runsc started, reached over the socket in its state folder. */
public final class RunningSandbox implements AutoCloseable {
    private static final Event NOTHING = new Event(-1, () -> { });

    private final HostCalls calls;
    private final ControlSocket control;
    private long requests;

    private RunningSandbox(HostCalls calls, ControlSocket control) {
        this.calls = calls;
        this.control = control;
    }

    /** @param root the folder of the containers' states */
    public static RunningSandbox connect(HostCalls calls, String root, String id) {
        StateFolder.sweep(calls, root);
        int fd = calls.connect(StateFolder.controlSocket(root, id));
        if (fd == -Errno.ENOENT) {
            throw new RunscException("loading container \"" + id + "\": file does not exist");
        }
        if (fd == -Errno.ECONNREFUSED) {
            // The socket's file outlives whoever listened there.
            throw new RunscException("container \"" + id + "\" is not running: its sandbox has ended");
        }
        if (fd < 0) {
            throw new RunscException("container \"" + id + "\" cannot be reached: " + HostCalls.describe(fd));
        }
        if (!calls.isPeerOurs(fd)) {
            calls.close(fd);
            throw new RunscException("container \"" + id + "\" belongs to another user");
        }
        return new RunningSandbox(calls, new ControlSocket(calls.host(), fd));
    }

    /**
     * Installs a bundle under a name and starts it; replaces the one of its symbolic name when there is one.
     *
     * @param limitMillis for each step; 0: as usual
     * @return what was done, for people
     */
    public String install(String name, HostBytes jar, long limitMillis) {
        BodyWriter body = new BodyWriter();
        body.text(name);
        body.number(limitMillis);
        body.number(jar.length());
        Request request = new Request(++requests);
        control.send(Messages.INSTALL, request.number(), body.bytes(), jar);
        return done(new BodyReader(next(request, Messages.DONE)));
    }

    /**
     * @param limitMillis for each step; 0: as usual
     * @return what was saved and adopted, for people
     */
    public String roundTrip(long limitMillis) {
        BodyWriter body = new BodyWriter();
        body.number(limitMillis);
        return done(Messages.ROUND_TRIP, body);
    }

    /** What a container and its sandbox are charged with: a line a kind, for people. */
    public String charges(String container) {
        BodyWriter body = new BodyWriter();
        body.text(container);
        return ask(Messages.CHARGES, body).text();
    }

    /** @return what was done, for people */
    public String uninstall(String name) {
        BodyWriter body = new BodyWriter();
        body.text(name);
        return done(Messages.UNINSTALL, body);
    }

    public String bundles() {
        return ask(Messages.BUNDLES, new BodyWriter()).text();
    }

    /** What was asked for and is not at its end yet. */
    record Request(long number) {}

    /** @param body of a {@link Messages#CREATE} */
    Request create(byte[] body, int[] descriptors) {
        return send(Messages.CREATE, body, descriptors);
    }

    /** The first process of a container, without standard streams. */
    public ProcessSpec process(String container) {
        BodyWriter body = new BodyWriter();
        body.text(container);
        return SpecCodec.readProcess(ask(Messages.PROCESS, body), new int[0]);
    }

    /**
     * Runs a process in a container to its end.
     *
     * @param terminal the host's, which is raw meanwhile; -1 without one
     * @return runsc's exit status: the program's, or 128 and the signal that ended it
     */
    public int exec(String container, ProcessSpec process, int terminal) {
        SignalPipe signals = takeSignals();
        return attend(exec(container, process, false), signals, container, true, terminal, NOTHING);
    }

    /** Starts a process in a container that goes on when this is gone. */
    public void execDetached(String container, ProcessSpec process) {
        next(exec(container, process, true), Messages.STARTED);
    }

    private Request exec(String container, ProcessSpec process, boolean detached) {
        List<Integer> descriptors = new ArrayList<>();
        BodyWriter body = new BodyWriter();
        body.text(container);
        body.bool(detached);
        SpecCodec.write(body, process, descriptors);
        return send(Messages.EXEC, body.bytes(), SpecCodec.array(descriptors));
    }

    /**
     * What may happen besides.
     *
     * @param descriptor becomes readable then; -1: never
     * @param then an exception ends the wait
     */
    record Event(int descriptor, Runnable then) {}

    /** Before anything is asked for that they are to be passed on to. */
    SignalPipe takeSignals() {
        SignalPipe signals = new SignalPipe(calls);
        signals.take(Forwarding.SIGNALS);
        return signals;
    }

    /**
     * Sees what was asked for to its end.
     *
     * @param further whether it is a further process in the container, rather than the container itself
     */
    int attend(Request request, SignalPipe signals, String container, boolean further, int terminal, Event event) {
        if (terminal < 0) {
            return attend(request, signals, container, further, null, event);
        }
        try (HostTerminal ours = new HostTerminal(calls.host(), terminal)) {
            ours.makeRaw();
            return attend(request, signals, container, further, ours, event);
        }
    }

    private int attend(Request request, SignalPipe signals, String container, boolean further, HostTerminal terminal, Event event) {
        Forwarding forwarding = null;
        SentryWatch watch = new SentryWatch(control, ProcessorUse.unknown(calls), false);
        try (Poll poll = new Poll(calls.host(), control.descriptor(), signals.descriptor(), event.descriptor())) {
            for (;;) {
                poll.await(watch.waitMillis());
                if (poll.isReady(control.descriptor())) {
                    ControlSocket.Frame frame = control.receive();
                    if (frame == null || frame.type() != Messages.DONE || !watch.answered(frame.request())) {
                        BodyReader body = new BodyReader(body(frame, request, forwarding == null ? Messages.STARTED : Messages.EXITED));
                        if (forwarding != null) {
                            return Forwarding.exitStatus(body.integer());
                        }
                        forwarding = new Forwarding(control, container, further ? body.integer() : 0, terminal);
                    }
                    continue;
                }
                watch.look();
                if (poll.isReady(event.descriptor())) {
                    poll.drop(event.descriptor());
                    event.then().run();
                }
                for (int signal = signals.next(); signal != 0; signal = signals.next()) {
                    if (forwarding != null) {
                        forwarding.forward(signal, watch.order(signal));
                    } else if (signal != Signals.SIGWINCH) {
                        // What was asked for ends with this connection.
                        return 128 + signal;
                    }
                }
            }
        }
    }

    private byte[] next(Request request, int type) {
        return body(control.receive(), request, type);
    }

    private static byte[] body(ControlSocket.Frame frame, Request request, int type) {
        if (frame == null || frame.request() != request.number()) {
            throw new RunscException("the sandbox has ended");
        }
        if (frame.type() == Messages.FAILED) {
            throw new RunscException(new BodyReader(frame.body()).text());
        }
        if (frame.type() != type) {
            throw new RunscException("frame of type " + frame.type() + " from the Sentry");
        }
        return frame.body();
    }

    private Request send(int type, byte[] body, int... descriptors) {
        Request request = new Request(++requests);
        control.send(type, request.number(), body, descriptors);
        return request;
    }

    private String done(int type, BodyWriter body) {
        return done(ask(type, body));
    }

    private static String done(BodyReader answer) {
        String problem = answer.text();
        if (!problem.isEmpty()) {
            throw new RunscException(problem);
        }
        return answer.text();
    }

    private BodyReader ask(int type, BodyWriter body) {
        return new BodyReader(next(send(type, body.bytes()), Messages.DONE));
    }

    @Override
    public void close() {
        control.close();
    }
}
