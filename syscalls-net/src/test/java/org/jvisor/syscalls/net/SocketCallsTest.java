// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.jvisor.api.abi.Socket.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.Vfs;

/** What becomes of sockets that nobody can have a descriptor for. */
class SocketCallsTest {

    private int made;
    private int released;

    private Socket socket() {
        made++;
        return Fakes.of(Socket.class, Map.of("release", arguments -> {
            released++;
            return null;
        }));
    }

    private final SocketFamily family = new SocketFamily() {
        @Override
        public int domain() {
            return AF_UNIX;
        }

        @Override
        public Socket create(Task task, int type, int protocol) {
            return socket();
        }

        @Override
        public Socket[] createPair(Task task, int type, int protocol) {
            return new Socket[] {socket(), socket()};
        }
    };

    /** In its kernel there are as many open files as there may be. */
    private final Task task = Fakes.of(Task.class, Map.of("namespaces", arguments -> namespaces(), "kernel",
            arguments -> Fakes.of(Kernel.class, Map.of("vfs",
                    none -> Fakes.of(Vfs.class, Map.of("newAnonymous", file -> {
                        throw ErrnoException.of(Errno.ENFILE);
                    }))))));

    private final SocketCalls calls = new SocketCalls();

    private Namespaces namespaces() {
        NetNamespace net = new NetNamespace(1, domain -> domain == AF_UNIX ? family : null);
        return new Namespaces(null, null, null, null, net, null, null);
    }

    @Test
    void shouldRefuseDomainsThatTheNamespaceDoesNotHave() {
        assertEquals(Errno.EAFNOSUPPORT,
            assertThrows(ErrnoException.class, () -> calls.socket(task, arguments(99, SOCK_STREAM))).errno());
    }

    private static Arguments arguments(int domain, int type) {
        Arguments arguments = new Arguments();
        arguments.a0 = domain;
        arguments.a1 = type;
        return arguments;
    }

    @Test
    void shouldCloseSocketsThatFindNoDescription() {
        assertEquals(-Errno.ENFILE, calls.socket(task, arguments(AF_UNIX, SOCK_STREAM)));
        assertEquals(1, made);
        assertEquals(1, released);
    }

    @Test
    void shouldCloseBothOfAPairThatFindNoDescription() {
        assertEquals(-Errno.ENFILE, calls.socketpair(task, arguments(AF_UNIX, SOCK_STREAM)));
        assertEquals(2, made);
        assertEquals(2, released);
    }
}
