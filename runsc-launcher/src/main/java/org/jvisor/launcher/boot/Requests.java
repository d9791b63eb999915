// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Container;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.host.HostCalls;
import org.osgi.framework.BundleException;

/** Carries out what runsc asks for while the container runs. */
final class Requests {
    private final HostCalls calls;
    private final Container container;
    private final SandboxFramework framework;

    Requests(HostCalls calls, Container container, SandboxFramework framework) {
        this.calls = calls;
        this.container = container;
        this.framework = framework;
    }

    /** Serves other calls of runsc, one after the other; they have few requests each. */
    void listen(int listener) {
        for (;;) {
            int fd = calls.accept(listener);
            if (fd >= 0 && !calls.isPeerOurs(fd)) {
                System.err.println("another user's connection to the control socket");
                calls.close(fd);
            } else if (fd >= 0) {
                try (ControlSocket connection = new ControlSocket(calls.host(), fd)) {
                    serve(connection);
                } catch (RunscException | IllegalArgumentException | ArithmeticException e) {
                    System.err.println("a request of runsc makes no sense: " + e.getMessage());
                }
            } else if (fd != -Errno.EINTR && fd != -Errno.ECONNABORTED) {
                System.err.println("no more requests from runsc: " + HostCalls.describe(fd));
                return;
            }
        }
    }

    /** Until the connection ends. */
    void serve(ControlSocket connection) {
        for (ControlSocket.Frame frame = connection.receive(); frame != null; frame = connection.receive()) {
            BodyReader body = new BodyReader(frame.body());
            switch (frame.type()) {
                case Messages.SIGNAL -> container.signal(body.integer(), body.integer());
                case Messages.RESIZE -> container.resize(body.integer(), body.integer());
                case Messages.INSTALL -> answer(connection, () -> framework.bundles().install(body.text(), body.blob()));
                case Messages.UNINSTALL -> answer(connection, () -> framework.bundles().uninstall(body.text()));
                case Messages.BUNDLES -> text(connection, framework.bundles().list());
                default -> throw new RunscException("frame of type " + frame.type() + " from runsc");
            }
        }
    }

    private interface BundleAction {
        /** @return what was done, for people */
        String run() throws BundleException;
    }

    /** Two texts: a problem or nothing, and what was done. */
    private static void answer(ControlSocket connection, BundleAction action) {
        String problem = "";
        String done = "";
        try {
            done = action.run();
        } catch (BundleException | RuntimeException e) {
            problem = String.valueOf(e.getMessage()).replace('\n', ' ');
        }
        BodyWriter body = new BodyWriter();
        body.text(problem);
        body.text(done);
        connection.send(Messages.DONE, body.bytes());
    }

    private static void text(ControlSocket connection, String text) {
        BodyWriter body = new BodyWriter();
        body.text(text);
        connection.send(Messages.DONE, body.bytes());
    }
}
