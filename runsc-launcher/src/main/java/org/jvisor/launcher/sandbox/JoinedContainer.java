// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.launcher.control.SpecCodec;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.host.SignalPipe;

/**
 * A further container in a sandbox that another call of runsc has started: its gofer is this one's, and the connections to it go to
 * the Sentry over the control socket, since that can make no process and open no file any more. One thread.
 */
public final class JoinedContainer implements AutoCloseable {
    private final HostCalls calls;
    private final Sandbox.Settings settings;
    private final LastWords lastWords;
    private final Helpers helpers;
    private final StateFolder state;
    private RunningSandbox sandbox;
    private Child gofer;

    /** @param container an id of the sandbox's: its root container's, or another's */
    public JoinedContainer(HostCalls calls, Sandbox.Settings settings, String container) {
        this.calls = calls;
        this.settings = settings;
        calls.closeOnExecFrom(Helpers.FIRST_OF_CHILD);
        state = StateFolder.create(calls, settings.root(), settings.id());
        lastWords = new LastWords(calls);
        helpers = new Helpers(calls, settings, lastWords);
        boolean complete = false;
        try {
            sandbox = RunningSandbox.connect(calls, settings.root(), container);
            state.joinControlSocket(container);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /**
     * Runs the container to its end.
     *
     * @param bundle for the state only
     * @param pidFile takes the id of the process that ends with this container only; empty: none
     * @return runsc's exit status: the program's, or 128 and the signal that ended it
     */
    public int run(ContainerPlan plan, String bundle, ContainerPlan.Stdio stdio, String pidFile) {
        int[] connections = new int[plan.exports().size()];
        gofer = helpers.startGofer(plan.exports(), connections);
        lastWords.closeWriteEnd();
        helpers.writePid(pidFile, gofer);
        ContainerSpec spec = plan.spec(connections, stdio);
        List<Integer> descriptors = new ArrayList<>();
        byte[] body = SpecCodec.write(spec, descriptors);
        SignalPipe signals = sandbox.takeSignals();
        RunningSandbox.Request request = sandbox.create(body, SpecCodec.array(descriptors));
        for (int connection : connections) {
            calls.close(connection);
        }
        state.write("running", gofer.pid(), bundle);
        return sandbox.attend(request, signals, settings.id(), false, stdio.terminal(),
            new RunningSandbox.Event(gofer.descriptor(), () -> helpers.requireOrderlyEnd(gofer)));
    }

    /** The container ends when the sandbox hears no more of this. */
    @Override
    public void close() {
        if (sandbox != null) {
            sandbox.close();
        }
        if (gofer != null) {
            gofer.kill();
            gofer.reap();
        }
        state.close();
        lastWords.close();
        helpers.close();
    }
}
