// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.net.FlightImpl;
import org.jvisor.core.process.UserCounts;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

/** What sockets find around them: a memory file, a container, a namespace and a task. */
final class World {

    static final HostKernel HOST = new FfmHostKernel();
    static final Memory MEMORY = new MemoryComponent(HOST);
    static final int PID = 42;

    final Cgroup cgroup = new Cgroup(null);
    final NetNamespace net = new NetNamespace(1, domain -> null);
    final SocketMemory memory = new SocketMemory(MEMORY, HOST);
    private final UserCounts users = new UserCounts();
    final FlightImpl flight = new FlightImpl(task -> users);
    final Task task = fake(Task.class, "cgroup", cgroup,
            "namespaces", new Namespaces(null, null, null, null, net, null, null),
            "group", fake(ThreadGroup.class, "pid", PID, "softLimit", 1000L), "kernel", fake(Kernel.class, "flight", flight),
            "credentials", Credentials.ROOT, "hasCapability", true, "send", null, "scratch", new byte[4096]);
    final Home home = Home.of(task, memory);
    final UnixSockets unix = new UnixSockets(MEMORY, HOST);
    final Inet4Sockets inet4 = new Inet4Sockets(MEMORY, HOST);
    final Inet6Sockets inet6 = new Inet6Sockets(MEMORY, HOST);

    /** @param answers a method's name and what it returns, in turn */
    static <T> T fake(Class<T> type, Object... answers) {
        return type.cast(Proxy.newProxyInstance(World.class.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> {
                    for (int i = 0; i < answers.length; i += 2) {
                        if (answers[i].equals(method.getName())) {
                            return answers[i + 1];
                        }
                    }
                    throw new UnsupportedOperationException(method.getName());
                }));
    }

    static LocalSockets newDriver() {
        return new LocalSockets(MEMORY, HOST);
    }

    static IoBuffer buffer(byte[] bytes) {
        return MEMORY.kernelBuffer(bytes, 0, bytes.length);
    }

    static IoBuffer buffer(int length) {
        return buffer(new byte[length]);
    }

    static Socket.Message message(int flags) {
        Socket.Message message = new Socket.Message();
        message.reset(flags);
        return message;
    }

    UnixDatagramSocket[] datagramPair() {
        return UnixDatagramSocket.pair(home, flight);
    }

    /** Bytes of the buffers of all sockets. */
    long bytes() {
        return cgroup.used(Charge.SOCKET_BYTE);
    }

    /** Nothing is charged any more. */
    boolean isEmpty() {
        return bytes() == 0 && cgroup.used(Charge.SOCKET) == 0 && cgroup.used(Charge.SOCKET_MESSAGE) == 0
                && cgroup.used(Charge.IN_FLIGHT) == 0;
    }

    /** A description that closes its socket, if it has one, with the last reference, as the vfs's do. */
    static final class Description {
        final AtomicInteger references = new AtomicInteger(1);
        final AtomicInteger inFlight = new AtomicInteger();
        final Socket socket;
        final FileDescription file;
        private static final List<Description> CLOSING = new ArrayList<>();

        Description(Socket socket) {
            this.socket = socket;
            file = (FileDescription) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {FileDescription.class},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "operations" -> socket;
                        case "references" -> references.get();
                        case "flags" -> 0;
                        case "retain" -> {
                            references.incrementAndGet();
                            yield null;
                        }
                        case "inFlight" -> {
                            inFlight.addAndGet((int) arguments[0]);
                            yield null;
                        }
                        case "release" -> {
                            release((FileDescription) proxy);
                            yield null;
                        }
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        default -> throw new UnsupportedOperationException(method.getName());
                    });
        }

        private void release(FileDescription self) {
            int left = references.decrementAndGet();
            if (left > inFlight.get() || socket == null) {
                return;
            }
            if (left > 0) {
                socket.onlyInFlight(self);
                return;
            }
            CLOSING.add(this);
            if (CLOSING.size() == 1) {
                for (int i = 0; i < CLOSING.size(); i++) {
                    CLOSING.get(i).socket.release(self);
                }
                CLOSING.clear();
            }
        }
    }
}
