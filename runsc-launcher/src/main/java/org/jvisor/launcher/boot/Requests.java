// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.concurrent.Semaphore;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Container;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.host.HostCalls;
import org.osgi.framework.BundleException;

/**
 * Carries out what runsc asks for while the container runs. Each connection has a thread and keeps nobody else waiting; what a frame
 * asks for is a request with a number, and requests that take long have a thread of their own, so that answers come when they are
 * known.
 */
final class Requests {
    private static final int MOST_CONNECTIONS = 16;
    /** How long a connection may be there for nothing, and how long a frame may take. */
    private static final int IDLE_MILLIS = 60_000;
    private static final int FRAME_MILLIS = 30_000;
    /** A bundle and its name. */
    private static final int LONGEST_FRAME = (32 << 20) + 4096;
    /** The smallest target of Container.signal. */
    private static final int FOREGROUND = -2;
    /** What a struct winsize has room for. */
    private static final int LONGEST_SIDE = 0xffff;
    private static final long STACK_BYTES = 256 << 10;

    private final HostCalls calls;
    private final Container container;
    private final SandboxFramework framework;
    private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);

    Requests(HostCalls calls, Container container, SandboxFramework framework) {
        this.calls = calls;
        this.container = container;
        this.framework = framework;
    }

    /** Serves other calls of runsc, side by side. */
    void listen(int listener) {
        for (;;) {
            int fd = calls.accept(listener);
            if (fd == -Errno.EINTR || fd == -Errno.ECONNABORTED) {
                continue;
            }
            if (fd < 0) {
                log("no more requests from runsc: " + HostCalls.describe(fd));
                return;
            }
            if (!calls.isPeerOurs(fd)) {
                log("another user's connection to the control socket");
                calls.close(fd);
            } else if (!connections.tryAcquire()) {
                log("more than " + MOST_CONNECTIONS + " connections to the control socket");
                calls.close(fd);
            } else {
                thread("control-peer", () -> serveStranger(fd));
            }
        }
    }

    private static void thread(String name, Runnable task) {
        Thread thread = new Thread(null, task, name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    /** One line for whatever a peer does wrong, and the end of its connection. */
    private void serveStranger(int fd) {
        RequestConnection connection = new RequestConnection(new ControlSocket(calls.host(), fd, FRAME_MILLIS), connections::release);
        try {
            while (connection.awaitFrame(IDLE_MILLIS)) {
                ControlSocket.Frame frame = connection.receive(LONGEST_FRAME);
                if (frame == null) {
                    break;
                }
                for (int descriptor : frame.descriptors()) {
                    calls.close(descriptor);
                }
                serve(connection, frame);
            }
        } catch (RuntimeException e) {
            // Whatever a stranger's bytes have done, it is his connection that ends.
            log("a connection to the control socket is closed: " + e.getMessage());
        } finally {
            connection.leave();
        }
    }

    /** Serves the runsc that has started this sandbox, until it goes. */
    void serve(ControlSocket control) {
        RequestConnection connection = new RequestConnection(control, () -> { });
        for (ControlSocket.Frame frame = control.receive(); frame != null; frame = control.receive()) {
            serve(connection, frame);
        }
    }

    private void serve(RequestConnection connection, ControlSocket.Frame frame) {
        BodyReader body = new BodyReader(frame.body());
        switch (frame.type()) {
            case Messages.SIGNAL -> {
                int signal = body.integer();
                int target = body.integer();
                body.end();
                if (signal < 1 || signal > Signals.SIGRTMAX || target < FOREGROUND || target > 0) {
                    throw new IllegalArgumentException("signal " + signal + " to " + target);
                }
                container.signal(signal, target);
            }
            case Messages.RESIZE -> {
                int rows = body.integer();
                int columns = body.integer();
                body.end();
                if (rows < 0 || rows > LONGEST_SIDE || columns < 0 || columns > LONGEST_SIDE) {
                    throw new IllegalArgumentException("a window of " + rows + " by " + columns);
                }
                container.resize(rows, columns);
            }
            case Messages.INSTALL -> {
                String name = body.text();
                byte[] jar = body.blob();
                body.end();
                change(connection, frame, () -> framework.bundles().install(name, jar));
            }
            case Messages.UNINSTALL -> {
                String name = body.text();
                body.end();
                change(connection, frame, () -> framework.bundles().uninstall(name));
            }
            case Messages.BUNDLES -> {
                body.end();
                BodyWriter answer = new BodyWriter();
                answer.text(framework.bundles().list());
                connection.answer(frame, answer);
            }
            default -> throw new IllegalArgumentException("a frame of type " + frame.type());
        }
    }

    private interface BundleAction {
        /** @return what was done, for people */
        String run() throws BundleException;
    }

    /** Takes as long as the bundles' own code takes. Two texts: a problem or nothing, and what was done. */
    private static void change(RequestConnection connection, ControlSocket.Frame frame, BundleAction action) {
        connection.enter();
        thread("control-request", () -> {
            String problem = "";
            String done = "";
            try {
                done = action.run();
            } catch (BundleException | RuntimeException e) {
                problem = String.valueOf(e.getMessage()).replace('\n', ' ');
            }
            BodyWriter answer = new BodyWriter();
            answer.text(problem);
            answer.text(done);
            try {
                connection.answer(frame, answer);
            } catch (RunscException e) {
                log("an answer on the control socket: " + e.getMessage());
            } finally {
                connection.leave();
            }
        });
    }

    private static void log(String line) {
        System.err.println(line.replace('\n', ' '));
    }
}
