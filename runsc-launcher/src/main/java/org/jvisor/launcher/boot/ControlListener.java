// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.wait.ServiceThread;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.host.HostCalls;

/** Takes other calls of runsc in, each of which has a connection and a thread, and keeps nobody else waiting. */
final class ControlListener {
    private static final int MOST_CONNECTIONS = 64;
    /** How long a connection may be there for nothing, and how long a frame may take. */
    private static final int IDLE_MILLIS = 60_000;
    private static final int FRAME_MILLIS = 30_000;
    /** A bundle and its name. */
    private static final int LONGEST_FRAME = (32 << 20) + 4096;
    private static final long STACK_BYTES = 256 << 10;
    /** accept(2): what others may give back. */
    private static final Set<Integer> SHORTAGES = Set.of(Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM);
    private static final long SHORTAGE_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final HostCalls calls;
    private final Requests requests;
    private final int listener;
    private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);
    private final ServiceThread thread = new ServiceThread("control-listener", STACK_BYTES, this::accept);

    /** @param listener a socket that listens */
    ControlListener(HostCalls calls, Requests requests, int listener) {
        this.calls = calls;
        this.requests = requests;
        this.listener = listener;
    }

    void start() {
        thread.start();
    }

    private boolean accept() {
        int fd = calls.accept(listener);
        if (fd >= 0) {
            take(fd);
        } else if (SHORTAGES.contains(-fd)) {
            Requests.log("a connection to the control socket has to wait: " + HostCalls.describe(fd));
            thread.restNanos(SHORTAGE_NS);
        } else if (fd != -Errno.EINTR && fd != -Errno.ECONNABORTED) {
            Requests.log("no more requests from runsc: " + HostCalls.describe(fd));
            return false;
        }
        return true;
    }

    private void take(int fd) {
        boolean taken = false;
        try {
            if (!calls.isPeerOurs(fd)) {
                Requests.log("another user's connection to the control socket");
            } else if (!connections.tryAcquire()) {
                Requests.log("more than " + MOST_CONNECTIONS + " connections to the control socket");
            } else {
                begin(fd);
                taken = true;
            }
        } finally {
            if (!taken) {
                calls.close(fd);
            }
        }
    }

    /** There may be no thread for one more connection: those that are there go on, and so does who waits for the next. */
    private void begin(int fd) {
        boolean begun = false;
        try {
            Requests.thread("control-peer", STACK_BYTES, () -> serve(fd));
            begun = true;
        } finally {
            if (!begun) {
                connections.release();
            }
        }
    }

    /** One line for whatever a peer does wrong, and the end of its connection. */
    private void serve(int fd) {
        RequestConnection connection = new RequestConnection(new ControlSocket(calls.host(), fd, FRAME_MILLIS), connections::release);
        try {
            while (connection.awaitFrame(IDLE_MILLIS)) {
                ControlSocket.Frame frame = connection.receive(LONGEST_FRAME);
                if (frame == null || !requests.serve(connection, frame)) {
                    break;
                }
            }
        } catch (RuntimeException | Error e) {
            // Whatever a stranger's bytes have done, it is his connection that ends.
            Requests.log("a connection to the control socket is closed: " + Requests.reason(e));
        } finally {
            try {
                connection.gone();
            } finally {
                connection.leave();
            }
        }
    }
}
