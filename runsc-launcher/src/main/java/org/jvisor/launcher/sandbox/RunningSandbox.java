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
    private long requests;

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

    /**
     * Installs a bundle under a name and starts it; replaces the one of its symbolic name when there is one.
     *
     * @return what was done, for people
     */
    public String install(String name, byte[] jar) {
        BodyWriter body = new BodyWriter();
        body.text(name);
        body.blob(jar);
        return done(Messages.INSTALL, body);
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

    private String done(int type, BodyWriter body) {
        BodyReader answer = ask(type, body);
        String problem = answer.text();
        if (!problem.isEmpty()) {
            throw new RunscException(problem);
        }
        return answer.text();
    }

    private BodyReader ask(int type, BodyWriter body) {
        long request = ++requests;
        control.send(type, request, body.bytes());
        ControlSocket.Frame answer = control.receive();
        if (answer == null || answer.type() != Messages.DONE || answer.request() != request) {
            throw new RunscException("the sandbox has ended");
        }
        return new BodyReader(answer.body());
    }

    @Override
    public void close() {
        control.close();
    }
}
