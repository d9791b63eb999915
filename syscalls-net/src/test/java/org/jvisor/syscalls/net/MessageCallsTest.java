// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.jvisor.api.abi.Socket.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.CmsghdrLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.MsghdrLayout;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.net.Socket;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.junit.jupiter.api.Test;

/** Which descriptions a message has taken, and who gives them back. */
class MessageCallsTest {

    private static final int SOCKET = 3;
    private static final int ATTACHED = 4;
    private static final long HEADER = 100;
    private static final long CONTROL = 200;

    private final byte[] memory = new byte[1000];
    private final byte[] scratch = new byte[4096];
    private int attachedReleases;
    private boolean vectorFails;
    private long answer;
    /** What the socket takes or gives with a message. */
    private boolean takes;
    private FileDescription[] gives;
    private final List<FileDescription[]> seen = new ArrayList<>();

    private final FileDescription attached = Fakes.of(FileDescription.class, Map.of("release", arguments -> {
        attachedReleases++;
        return null;
    }));

    private final Socket socket = Fakes.of(Socket.class, Map.of("domain", none -> AF_UNIX, "type", none -> SOCK_DGRAM,
            "send", arguments -> {
                Socket.Message message = (Socket.Message) arguments[3];
                seen.add(message.files);
                return takes ? answer : -Errno.EPIPE;
            },
            "receive", arguments -> {
                Socket.Message message = (Socket.Message) arguments[3];
                seen.add(message.files);
                message.files = gives;
                return answer;
            }));

    private final FileDescription file = Fakes.of(FileDescription.class, Map.of("operations", none -> socket,
            "flags", none -> Open.O_RDWR, "release", none -> null));

    private final IoBuffer data = Fakes.of(IoBuffer.class, Map.of("remaining", none -> 1L));

    private final UserMemory user = Fakes.of(UserMemory.class, Map.of(
            "copyIn", arguments -> {
                System.arraycopy(memory, (int) (long) (Long) arguments[0], (byte[]) arguments[1], (Integer) arguments[2],
                        (Integer) arguments[3]);
                return null;
            },
            "putInt", arguments -> {
                Bytes.putInt(memory, (int) (long) (Long) arguments[0], (Integer) arguments[1]);
                return null;
            },
            "putLong", arguments -> {
                Bytes.putLong(memory, (int) (long) (Long) arguments[0], (Long) arguments[1]);
                return null;
            },
            "range", arguments -> data,
            "vector", arguments -> {
                if (vectorFails) {
                    throw ErrnoException.of(Errno.EFAULT);
                }
                return data;
            }));

    private final FdTable files = Fakes.of(FdTable.class,
            Map.of("acquire", arguments -> (Integer) arguments[0] == SOCKET ? file : attached));

    private final Namespaces namespaces = new Namespaces(null, null, null, null, new NetNamespace(1, domain -> null), null, null);

    private final Task task = Fakes.of(Task.class, Map.of("files", none -> files, "memory", none -> user, "scratch", none -> scratch,
            "call", none -> new Call(), "namespaces", none -> namespaces));

    private final MessageCalls calls = new MessageCalls();

    private long sendmsg(boolean withDescriptor) {
        MsghdrLayout.control(memory, (int) HEADER, CONTROL);
        MsghdrLayout.controllen(memory, (int) HEADER, withDescriptor ? CmsghdrLayout.SIZE + 4 : 0);
        CmsghdrLayout.len(memory, (int) CONTROL, CmsghdrLayout.SIZE + 4);
        CmsghdrLayout.level(memory, (int) CONTROL, SOL_SOCKET);
        CmsghdrLayout.type(memory, (int) CONTROL, SCM_RIGHTS);
        Bytes.putInt(memory, (int) CONTROL + CmsghdrLayout.SIZE, ATTACHED);
        return calls.sendmsg(task, arguments(HEADER, 0));
    }

    private static Arguments arguments(long address, long length) {
        Arguments arguments = new Arguments();
        arguments.a0 = SOCKET;
        arguments.a1 = address;
        arguments.a2 = length;
        return arguments;
    }

    private long recvfrom() {
        Arguments arguments = arguments(0, 1);
        arguments.a3 = MSG_DONTWAIT;
        return calls.recvfrom(task, arguments);
    }

    @Test
    void shouldLeaveDescriptionsToASocketThatTookThem() {
        takes = true;
        answer = 1;
        assertEquals(1, sendmsg(true));
        assertSame(attached, seen.getFirst()[0]);
        assertEquals(0, attachedReleases);
    }

    @Test
    void shouldGiveDescriptionsBackThatNoSocketTook() {
        assertEquals(-Errno.EPIPE, sendmsg(true));
        assertEquals(1, attachedReleases);
    }

    @Test
    void shouldGiveDescriptionsBackWhenTheBytesCannotBeRead() {
        vectorFails = true;
        assertEquals(Errno.EFAULT, assertThrows(ErrnoException.class, () -> sendmsg(true)).errno());
        assertEquals(1, attachedReleases);
    }

    @Test
    void shouldForgetTheLastMessageInTheNext() {
        assertEquals(-Errno.EPIPE, sendmsg(true));
        assertEquals(-Errno.EPIPE, sendmsg(false));
        assertNull(seen.getLast());
        takes = true;
        assertEquals(0, sendmsg(true));
        assertEquals(0, recvfrom());
        assertNull(seen.getLast());
        assertEquals(1, attachedReleases);
    }

    @Test
    void shouldGiveReceivedDescriptionsBackWhereNobodyAskedForThem() {
        gives = new FileDescription[] {attached};
        answer = 1;
        assertEquals(1, recvfrom());
        assertEquals(1, attachedReleases);
        gives = null;
        assertEquals(1, recvfrom());
        assertEquals(1, attachedReleases);
    }

    @Test
    void shouldRefuseMoreBuffersThanThereMayBe() {
        MsghdrLayout.iovlen(memory, (int) HEADER, 1025);
        assertEquals(Errno.EMSGSIZE, assertThrows(ErrnoException.class, () -> sendmsg(false)).errno());
        MsghdrLayout.iovlen(memory, (int) HEADER, -1);
        assertEquals(Errno.EMSGSIZE, assertThrows(ErrnoException.class, () -> sendmsg(false)).errno());
    }
}
