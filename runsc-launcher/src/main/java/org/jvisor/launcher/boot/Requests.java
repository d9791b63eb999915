// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerProcess;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.StartException;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.control.SpecCodec;
import org.jvisor.launcher.host.HostCalls;
import org.osgi.framework.BundleException;

/**
 * Carries out what runsc asks for while the container runs. Each connection has a thread and keeps nobody else waiting; what a frame
 * asks for is a request with a number, and requests that take long have a thread of their own, so that answers come when they are
 * known.
 */
final class Requests {
    /** How often an answer is tried when there is no memory for it: for ten seconds. */
    private static final int MOST_TRIES = 200;
    private static final long TRY_NS = 50_000_000;
    private static final byte[] NO_MEMORY = line("the Sentry's memory is exhausted");
    /** For what a task does otherwise: a process that is being made walks paths and loads a program. */
    private static final long TASK_STACK_BYTES = 1 << 20;
    /** The smallest target of Container.signal. */
    private static final int FOREGROUND = -2;
    private static final int ALL = -1;
    /** What a struct winsize has room for. */
    private static final int LONGEST_SIDE = 0xffff;
    /** Of what a bundle may take: some hours. */
    private static final long LONGEST_LIMIT_MILLIS = 10_000_000;
    private static final long STACK_BYTES = 256 << 10;
    /** How often what has met an OutOfMemoryError is tried again, and after how long. */
    private static final int MOST_ATTEMPTS = 100;
    private static final long PAUSE_NS = 50_000_000;

    private static final System.Logger LOG = System.getLogger("org.jvisor.boot");

    private final HostCalls calls;
    private final Kernel kernel;
    private final Container root;
    private final SandboxFramework framework;

    /** @param root the container that the sandbox was made for */
    Requests(HostCalls calls, Kernel kernel, Container root, SandboxFramework framework) {
        this.calls = calls;
        this.kernel = kernel;
        this.root = root;
        this.framework = framework;
    }

    static void thread(String name, long stackBytes, Runnable task) {
        Thread thread = new Thread(null, task, name, stackBytes);
        thread.setDaemon(true);
        thread.start();
    }

    /** Serves the runsc that has started this sandbox, until it goes. Its thread waits for no request to be carried out. */
    void serve(ControlSocket control) {
        RequestConnection connection = new RequestConnection(control, () -> { });
        Orders orders = new Orders("control-orders");
        boolean there = true;
        while (there) {
            there = serveNext(control, connection, orders);
        }
    }

    /** Tries again what has met an OutOfMemoryError: that is somebody else's doing, and is being mended. */
    private boolean serveNext(ControlSocket control, RequestConnection connection, Orders orders) {
        ControlSocket.Frame frame = null;
        for (int i = 0; i < MOST_ATTEMPTS; i++) {
            try {
                frame = frame == null ? control.receive() : frame;
                if (frame == null) {
                    return false;
                }
                ControlSocket.Frame next = frame;
                if (frame.type() == Messages.SIGNAL || frame.type() == Messages.RESIZE) {
                    orders.give(() -> serve(connection, next));
                } else {
                    dispatch(connection, next);
                }
                return true;
            } catch (OutOfMemoryError e) {
                kernel.outOfMemory();
                LockSupport.parkNanos(PAUSE_NS);
            } catch (RuntimeException | Error e) {
                if (frame == null) {
                    throw e;
                }
                refuse(connection, frame, e);
                return true;
            }
        }
        return true;
    }

    /**
     * Carries out what a frame asks for, or begins with it. Who asked for something hears what became of it, whatever that is.
     *
     * @return false when it is not known what it asks for
     */
    boolean serve(RequestConnection connection, ControlSocket.Frame frame) {
        try {
            dispatch(connection, frame);
            return true;
        } catch (RuntimeException | Error e) {
            refuse(connection, frame, e);
            return !(e instanceof IllegalArgumentException);
        }
    }

    private void refuse(RequestConnection connection, ControlSocket.Frame frame, Throwable problem) {
        if (problem instanceof OutOfMemoryError) {
            kernel.outOfMemory();
        }
        if (frame.type() == Messages.SIGNAL || frame.type() == Messages.RESIZE) {
            log("a request on the control socket: " + reason(problem));
        } else {
            fail(connection, frame, problem);
        }
    }

    private void dispatch(RequestConnection connection, ControlSocket.Frame frame) {
        if (frame.type() == Messages.CREATE || frame.type() == Messages.EXEC) {
            start(connection, frame);
            return;
        }
        closeAll(frame.descriptors());
        BodyReader body = new BodyReader(frame.body());
        switch (frame.type()) {
            case Messages.SIGNAL -> {
                Container container = container(body.text());
                int signal = body.integer();
                int target = body.integer();
                body.end();
                if (signal < 1 || signal > Signals.SIGRTMAX || target < FOREGROUND) {
                    throw new IllegalArgumentException("signal " + signal + " to " + target);
                }
                if (container != null) {
                    container.signal(signal, target);
                }
                if (frame.request() != 0) {
                    connection.answer(frame, new BodyWriter());
                }
            }
            case Messages.RESIZE -> {
                Container container = container(body.text());
                int pid = body.integer();
                int rows = body.integer();
                int columns = body.integer();
                body.end();
                if (rows < 0 || rows > LONGEST_SIDE || columns < 0 || columns > LONGEST_SIDE) {
                    throw new IllegalArgumentException("a window of " + rows + " by " + columns);
                }
                ContainerProcess process = container == null ? null : container.process(pid == 0 ? container.init().pid() : pid);
                if (process != null) {
                    process.resize(rows, columns);
                }
            }
            case Messages.PING -> {
                body.end();
                connection.answer(frame, new BodyWriter());
            }
            case Messages.INSTALL -> {
                String name = body.text();
                long limitMillis = body.number();
                byte[] jar = body.blob();
                body.end();
                checkLimit(limitMillis);
                change(connection, frame.withoutBody(), () -> framework.bundles().install(name, jar, limitMillis));
            }
            case Messages.UNINSTALL -> {
                String name = body.text();
                body.end();
                change(connection, frame, () -> framework.bundles().uninstall(name));
            }
            case Messages.ROUND_TRIP -> {
                long limitMillis = body.number();
                body.end();
                checkLimit(limitMillis);
                change(connection, frame, () -> framework.bundles().roundTrip(limitMillis));
            }
            case Messages.BUNDLES -> {
                body.end();
                carryOut(connection, frame, () -> {
                    BodyWriter answer = new BodyWriter();
                    answer.text(framework.bundles().list());
                    connection.answer(frame, answer);
                });
            }
            case Messages.CHARGES -> {
                String id = body.text();
                body.end();
                carryOut(connection, frame, () -> {
                    BodyWriter answer = new BodyWriter();
                    answer.text(ChargeTable.of(containerThatIs(id).cgroup()));
                    connection.answer(frame, answer);
                });
            }
            case Messages.PROCESS -> {
                String id = body.text();
                body.end();
                carryOut(connection, frame, () -> {
                    BodyWriter answer = new BodyWriter();
                    SpecCodec.write(answer, containerThatIs(id).spec().process().withStdio(new int[] {-1, -1, -1}, false, -1, 0, 0, 0),
                        new ArrayList<>());
                    connection.answer(frame, answer);
                });
            }
            default -> throw new IllegalArgumentException("a frame of type " + frame.type());
        }
    }

    private static void checkLimit(long millis) {
        if (millis < 0 || millis > LONGEST_LIMIT_MILLIS) {
            throw new IllegalArgumentException("a limit of " + millis + " ms");
        }
    }

    private void closeAll(int[] descriptors) {
        for (int descriptor : descriptors) {
            calls.close(descriptor);
        }
    }

    /**
     * @param id empty for the root container's
     * @return null where there is none, any more perhaps
     */
    private Container container(String id) {
        return id.isEmpty() ? root : kernel.container(id);
    }

    private Container containerThatIs(String id) {
        Container container = container(id);
        if (container == null) {
            throw notThere(id);
        }
        return container;
    }

    /** What was started, and how to see it to its end. */
    private record Started(int pid, Ending ending) {
        private interface Ending {
            /** @return wait(2)'s status */
            int await() throws InterruptedException;
        }
    }

    /** Starts a container or a process, tells so, and tells of its end. */
    private void start(RequestConnection connection, ControlSocket.Frame frame) {
        try {
            Supplier<Started> starter = frame.type() == Messages.CREATE ? container(connection, frame) : process(connection, frame);
            aside(connection, frame, TASK_STACK_BYTES, () -> runToEnd(connection, frame, starter));
        } catch (RuntimeException | Error e) {
            closeAll(frame.descriptors());
            throw e;
        }
    }

    /** Carries a request out in a thread of its own. Whatever goes wrong there is told to who waits for the answer. */
    private static void aside(RequestConnection connection, ControlSocket.Frame frame, long stackBytes, Runnable request) {
        connection.enter();
        boolean begun = false;
        try {
            thread("control-request", stackBytes, () -> {
                try {
                    carryOut(connection, frame, request);
                } finally {
                    connection.leave();
                }
            });
            begun = true;
        } finally {
            if (!begun) {
                connection.leave();
            }
        }
    }

    private static void carryOut(RequestConnection connection, ControlSocket.Frame frame, Runnable request) {
        try {
            request.run();
        } catch (RuntimeException | Error problem) {
            fail(connection, frame, problem);
        }
    }

    private Supplier<Started> container(RequestConnection connection, ControlSocket.Frame frame) {
        ContainerSpec spec = SpecCodec.read(frame.body(), frame.descriptors());
        return () -> {
            Container container = kernel.create(spec);
            try {
                container.start();
            } catch (RuntimeException | Error e) {
                container.destroy();
                throw e;
            }
            // Its files come from a process of the peer's.
            Runnable kill = () -> container.signal(Signals.SIGKILL, ALL);
            connection.whenGone(kill);
            return new Started(container.init().pid(), () -> {
                try {
                    return container.waitForExit();
                } finally {
                    connection.forget(kill);
                    container.destroy();
                }
            });
        };
    }

    private Supplier<Started> process(RequestConnection connection, ControlSocket.Frame frame) {
        BodyReader body = new BodyReader(frame.body());
        String id = body.text();
        boolean detached = body.bool();
        ProcessSpec spec = SpecCodec.readProcess(body, frame.descriptors());
        return () -> {
            Container container = container(id);
            if (container == null) {
                closeAll(frame.descriptors());
                throw notThere(id);
            }
            ContainerProcess process = container.exec(spec);
            if (detached) {
                return new Started(process.pid(), process::waitForExit);
            }
            Runnable kill = () -> container.signal(Signals.SIGKILL, process.pid());
            connection.whenGone(kill);
            return new Started(process.pid(), () -> {
                try {
                    return process.waitForExit();
                } finally {
                    connection.forget(kill);
                }
            });
        };
    }

    private static StartException notThere(String id) {
        return new StartException("container \"" + id + "\" is not running", Errno.ESRCH);
    }

    /** The answer comes first: there may be no room for more words. */
    private static void fail(RequestConnection connection, ControlSocket.Frame frame, Throwable problem) {
        try {
            answer(connection, frame, problem);
        } catch (RunscException e) {
            log("an answer on the control socket: " + e.getMessage());
        }
        if (!isForeseen(problem)) {
            LOG.log(System.Logger.Level.ERROR, "a request on the control socket", problem);
        }
    }

    /** Without a byte of heap to spare it waits for some: others are to give theirs back. */
    private static void answer(RequestConnection connection, ControlSocket.Frame frame, Throwable problem) {
        for (int left = MOST_TRIES;; left--) {
            try {
                connection.answer(Messages.FAILED, frame, left < MOST_TRIES / 2 ? NO_MEMORY : line(reason(problem)));
                return;
            } catch (OutOfMemoryError e) {
                if (left == 0) {
                    throw e;
                }
                LockSupport.parkNanos(TRY_NS);
            }
        }
    }

    private static byte[] line(String text) {
        BodyWriter body = new BodyWriter();
        body.text(text);
        return body.bytes();
    }

    /** One line; what nobody has foreseen says what it is, too. */
    static String reason(Throwable problem) {
        return (isForeseen(problem) ? String.valueOf(problem.getMessage()) : problem.toString()).replace('\n', ' ');
    }

    private static boolean isForeseen(Throwable problem) {
        return problem instanceof StartException || problem instanceof ErrnoException || problem instanceof RunscException
            || problem instanceof BundleException || problem instanceof IllegalArgumentException;
    }

    private static void runToEnd(RequestConnection connection, ControlSocket.Frame frame, Supplier<Started> starter) {
        Started started = starter.get();
        BodyWriter pid = new BodyWriter();
        pid.number(started.pid());
        connection.answer(Messages.STARTED, frame, pid);
        BodyWriter status = new BodyWriter();
        try {
            status.number(started.ending().await());
        } catch (InterruptedException e) {
            // Nobody interrupts this thread; if somebody does, it is to end.
            Thread.currentThread().interrupt();
            return;
        }
        connection.answer(Messages.EXITED, frame, status);
    }

    private interface BundleAction {
        /** @return what was done, for people */
        String run() throws BundleException;
    }

    /** Takes as long as the bundles' own code takes. Two texts: a problem or nothing, and what was done. */
    private static void change(RequestConnection connection, ControlSocket.Frame frame, BundleAction action) {
        aside(connection, frame, STACK_BYTES, () -> {
            String problem = "";
            String done = "";
            try {
                done = action.run();
            } catch (BundleException | RuntimeException | Error e) {
                problem = reason(e);
            }
            BodyWriter answer = new BodyWriter();
            answer.text(problem);
            answer.text(done);
            connection.answer(frame, answer);
        });
    }

    static void log(String line) {
        System.err.println(line.replace('\n', ' '));
    }
}
