// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import org.jvisor.api.kernel.Container;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.osgi.framework.BundleException;

/** Carries out what runsc asks for while the container runs; the Sentry ends with the connection. */
final class ControlReceiver implements Runnable {
    private final ControlSocket control;
    private final Container container;
    private final SandboxFramework framework;

    ControlReceiver(ControlSocket control, Container container, SandboxFramework framework) {
        this.control = control;
        this.container = container;
        this.framework = framework;
    }

    @Override
    public void run() {
        for (ControlSocket.Frame frame = control.receive(); frame != null; frame = control.receive()) {
            BodyReader body = new BodyReader(frame.body());
            switch (frame.type()) {
                case Messages.SIGNAL -> container.signal(body.integer(), body.integer());
                case Messages.RESIZE -> container.resize(body.integer(), body.integer());
                case Messages.INSTALL -> answer(() -> framework.install(body.text(), body.blob()));
                case Messages.UNINSTALL -> answer(() -> framework.uninstall(body.text()));
                default -> throw new RunscException("frame of type " + frame.type() + " from runsc");
            }
        }
        System.exit(0);
    }

    private interface BundleAction {
        void run() throws BundleException;
    }

    private void answer(BundleAction action) {
        String problem = "";
        try {
            action.run();
        } catch (BundleException | IllegalStateException e) {
            problem = String.valueOf(e.getMessage()).replace('\n', ' ');
        }
        BodyWriter body = new BodyWriter();
        body.text(problem);
        control.send(Messages.DONE, body.bytes());
    }
}
