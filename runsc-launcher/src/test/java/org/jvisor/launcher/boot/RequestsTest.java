// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerProcess;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;
import org.jvisor.launcher.control.SpecCodec;
import org.jvisor.launcher.host.HostCalls;

/** Whatever goes wrong in the kernel, who asked for something gets an answer, and nothing is left of what failed. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RequestsTest {
    private static final String ID = "some";

    private final HostCalls calls = new HostCalls(new FfmHostKernel());
    private final int[] ends = calls.socketPair(Socket.SOCK_STREAM);
    private final ControlSocket peer = new ControlSocket(calls.host(), ends[0]);
    private final List<String> done = Collections.synchronizedList(new ArrayList<>());
    /** What a method of the kernel, a container or a process throws. */
    private volatile Throwable failure;
    private volatile String failing = "";
    /** What a process waits for before it ends; null: for nothing. */
    private volatile CountDownLatch waiting;
    private final ContainerProcess process = fake(ContainerProcess.class);
    private final Container container = fake(Container.class);
    private final Kernel kernel = fake(Kernel.class);
    private final ProcessSpec program = new ProcessSpec(List.of("/program"), List.of(), "/", new ProcessSpec.User(0, 0, List.of(), 0),
        new ProcessSpec.Capabilities(0, 0, 0, 0, 0), List.of(), false, new int[] {-1, -1, -1}, false, -1, 0, 0, 0);
    private Thread server;

    /** Does nothing but take note, and fail where it is to. */
    private <T> T fake(Class<T> type) {
        InvocationHandler handler = (self, method, arguments) -> {
            String call = type.getSimpleName() + "." + method.getName();
            done.add(call);
            if (call.equals(failing)) {
                throw failure;
            }
            if (call.equals("ContainerProcess.waitForExit") && waiting != null) {
                waiting.await();
            }
            Class<?> result = method.getReturnType();
            return result == Container.class ? container : result == ContainerProcess.class ? process : result == int.class ? 0 : null;
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    @BeforeEach
    void serve() {
        // No framework is there: whatever is asked about bundles fails as nobody has foreseen.
        Requests requests = new Requests(calls, kernel, container, null);
        server = new Thread(() -> requests.serve(new ControlSocket(calls.host(), ends[1])));
        server.start();
    }

    @AfterEach
    void end() throws InterruptedException {
        peer.shutdown();
        server.join();
        peer.close();
        calls.close(ends[1]);
    }

    private String problem(int type, BodyWriter body) {
        return problem(type, body.bytes());
    }

    /** The one line that is the answer. */
    private String problem(int type, byte[] body) {
        peer.send(type, 7, body);
        ControlSocket.Frame frame = peer.receive();
        assertEquals(7, frame.request());
        assertEquals(type == Messages.INSTALL || type == Messages.UNINSTALL || type == Messages.ROUND_TRIP ? Messages.DONE
            : Messages.FAILED, frame.type());
        String text = new BodyReader(frame.body()).text();
        assertEquals(1, text.lines().count(), text);
        return text;
    }

    private static BodyWriter text(String text) {
        BodyWriter body = new BodyWriter();
        body.text(text);
        return body;
    }

    private BodyWriter exec() {
        BodyWriter body = text(ID);
        body.bool(false);
        SpecCodec.write(body, program, new ArrayList<>());
        return body;
    }

    private void fail(String method, Throwable with) {
        failure = with;
        failing = method;
    }

    @Test
    void shouldAnswerWhateverAnExecThrows() {
        fail("Container.exec", new NoClassDefFoundError("some.Class"));
        assertEquals("java.lang.NoClassDefFoundError: some.Class", problem(Messages.EXEC, exec()));
        fail("Container.exec", new IllegalStateException("two\nlines"));
        assertEquals("java.lang.IllegalStateException: two lines", problem(Messages.EXEC, exec()));
        fail("Kernel.container", new NullPointerException());
        assertEquals("java.lang.NullPointerException", problem(Messages.EXEC, exec()));
        assertEquals("java.lang.NullPointerException", problem(Messages.PROCESS, text(ID)));
    }

    @Test
    void shouldTellOfAFailedWait() {
        fail("ContainerProcess.waitForExit", new StackOverflowError());
        peer.send(Messages.EXEC, 7, exec().bytes());
        assertEquals(Messages.STARTED, peer.receive().type());
        ControlSocket.Frame frame = peer.receive();
        assertEquals(Messages.FAILED, frame.type());
        assertEquals("java.lang.StackOverflowError", new BodyReader(frame.body()).text());
    }

    @Test
    void shouldLeaveNothingOfAContainerThatDoesNotStart() {
        byte[] create = create();
        fail("Kernel.create", new NoClassDefFoundError("some.Class"));
        assertEquals("java.lang.NoClassDefFoundError: some.Class", problem(Messages.CREATE, create));
        fail("Container.start", new OutOfMemoryError("unable to create native thread"));
        assertEquals("java.lang.OutOfMemoryError: unable to create native thread", problem(Messages.CREATE, create));
        assertTrue(done.contains("Container.destroy"), done.toString());
    }

    private byte[] create() {
        return SpecCodec.write(new ContainerSpec(ID, "host", "", program, new ContainerSpec.Root(-1, false, false, 0), List.of(), 0),
            new ArrayList<>());
    }

    @Test
    void shouldAnswerWhateverIsThrownAboutBundles() {
        assertTrue(problem(Messages.UNINSTALL, text("any")).startsWith("java.lang.NullPointerException"));
        assertTrue(problem(Messages.ROUND_TRIP, new byte[Long.BYTES]).startsWith("java.lang.NullPointerException"));
        assertTrue(problem(Messages.BUNDLES, new byte[0]).startsWith("java.lang.NullPointerException"));
    }

    /** Nonsense of the runsc that the sandbox belongs to, too, is no reason to end it. */
    @Test
    void shouldAnswerWhatItDoesNotUnderstand() {
        assertEquals("a frame of type 999", problem(999, new byte[0]));
        for (int type : new int[] {Messages.CREATE, Messages.EXEC, Messages.PROCESS}) {
            assertTrue(problem(type, new byte[] {1, 2, 3}).contains("a frame's body ends too early"));
        }
        peer.send(Messages.INSTALL, 7, new byte[] {1, 2, 3});
        assertEquals(Messages.FAILED, peer.receive().type());
        // Nobody waits for an answer to these.
        peer.send(Messages.SIGNAL, 7, new byte[] {1});
        peer.send(Messages.RESIZE, 7, new byte[] {1});
        assertTrue(problem(Messages.BUNDLES, new byte[0]).startsWith("java.lang.NullPointerException"));
    }

    @Test
    void shouldAnswerWhatIsTooMuch() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        waiting = end;
        int most = 8;
        for (int i = 0; i < most; i++) {
            peer.send(Messages.EXEC, i, exec().bytes());
            assertEquals(Messages.STARTED, peer.receive().type());
        }
        assertEquals("more than " + most + " requests at once", problem(Messages.EXEC, exec()));
        end.countDown();
        for (int i = 0; i < most; i++) {
            assertEquals(Messages.EXITED, peer.receive().type());
        }
    }

    /** A connection may be there for long, and each request is its last user once. */
    @Test
    void shouldForgetWhatHasEndedBeforeThePeer() {
        RequestConnection connection = new RequestConnection(peer, () -> { });
        Runnable ended = () -> done.add("ended");
        connection.whenGone(ended);
        connection.whenGone(() -> done.add("open"));
        connection.forget(ended);
        connection.gone();
        connection.gone();
        connection.whenGone(() -> done.add("late"));
        assertEquals(List.of("open", "late"), done);
    }
}
