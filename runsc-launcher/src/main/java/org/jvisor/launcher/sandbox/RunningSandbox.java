// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.host.HostCalls;

/** A sandbox that another call of runsc started, reached over the socket in its state folder. */
public final class RunningSandbox implements AutoCloseable {
    private final ControlSocket control;

    private RunningSandbox(ControlSocket control) {
        this.control = control;
    }

    /** @param root the folder of the containers' states */
    public static RunningSandbox connect(HostCalls calls, String root, String id) {
        int fd = calls.connect(StateFolder.controlSocket(root, id));
        if (fd < 0) {
            throw new RunscException("container \"" + id + "\" does not run: " + HostCalls.describe(fd));
        }
        if (!calls.isPeerOurs(fd)) {
            calls.close(fd);
            throw new RunscException("container \"" + id + "\" belongs to another user");
        }
        return new RunningSandbox(new ControlSocket(calls.host(), fd));
    }

    /** Installs a bundle under a name and starts it; updates the one of that name when there is one. */
    public void install(String name, byte[] jar) {
        BodyWriter body = new BodyWriter();
        body.text(name);
        body.blob(jar);
        done(Messages.INSTALL, body);
    }

    public void uninstall(String name) {
        BodyWriter body = new BodyWriter();
        body.text(name);
        done(Messages.UNINSTALL, body);
    }

    public String bundles() {
        return ask(Messages.BUNDLES, new BodyWriter());
    }

    private void done(int type, BodyWriter body) {
        String problem = ask(type, body);
        if (!problem.isEmpty()) {
            throw new RunscException(problem);
        }
    }

    private String ask(int type, BodyWriter body) {
        control.send(type, body.bytes());
        ControlSocket.Frame answer = control.receive();
        if (answer == null || answer.type() != Messages.DONE) {
            throw new RunscException("the sandbox has ended");
        }
        return new BodyReader(answer.body()).text();
    }

    @Override
    public void close() {
        control.close();
    }
}
