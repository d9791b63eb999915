// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

class ControlSocketTest {
    private final HostKernel host = new FfmHostKernel();
    private final HostCalls calls = new HostCalls(host);
    private final int[] ends = calls.socketPair(Socket.SOCK_STREAM);
    private final ControlSocket left = new ControlSocket(host, ends[0]);
    private final ControlSocket right = new ControlSocket(host, ends[1]);

    @AfterEach
    void close() {
        left.close();
        right.close();
    }

    @Test
    void shouldCarryFramesInOrder() {
        assertTrue(left.send(1, new byte[] {1, 2, 3}));
        assertTrue(left.send(2, new byte[0]));
        ControlSocket.Frame first = right.receive();
        assertEquals(1, first.type());
        assertArrayEquals(new byte[] {1, 2, 3}, first.body());
        assertEquals(2, right.receive().type());
    }

    @Test
    void shouldCarryDescriptorsThatWork() {
        int file = calls.memoryFile("x", ByteStrings.bytes("hello"));
        left.send(7, new byte[] {9}, file, file);
        calls.close(file);
        int[] got = right.receive().descriptors();
        assertEquals(2, got.length);
        assertEquals("hello", ByteStrings.of(calls.readAll(got[0], 100, "reading")));
        long flags = host.syscall(SyscallNr.FCNTL, got[1], 1);
        assertEquals(1, flags, "FD_CLOEXEC");
        Arrays.stream(got).forEach(calls::close);
    }

    @Test
    void shouldCarryFramesLongerThanTheSocketsBuffer() throws InterruptedException {
        byte[] body = new byte[3 << 20];
        new Random(1).nextBytes(body);
        Thread sender = new Thread(() -> left.send(5, body, 0));
        sender.start();
        ControlSocket.Frame frame = right.receive();
        sender.join();
        assertArrayEquals(body, frame.body());
        assertEquals(1, frame.descriptors().length);
        calls.close(frame.descriptors()[0]);
    }

    @Test
    void shouldTellWhenThePeerIsGone() {
        left.shutdown();
        assertNull(right.receive());
        assertFalse(right.send(1, new byte[1]));
    }

    @Test
    void shouldRefuseFramesOfAbsurdLength() {
        long at = host.allocate(8);
        host.putInt(at, 1);
        host.putInt(at + 4, -1);
        host.syscall(SyscallNr.WRITE, ends[0], at, 8);
        host.free(at);
        assertThrows(RunscException.class, right::receive);
    }

    @Test
    void shouldKeepAContainersSpecification() {
        ContainerSpec spec = new ContainerSpec("id", "host", "domain", List.of("a", "\u00ff"), List.of("A=b"), "/w",
            new ContainerSpec.User(1, -2, List.of(3), 022), new ContainerSpec.Capabilities(1, 2, 3, 4, 1L << 40),
            List.of(new ContainerSpec.Rlimit(7, 8, -1)), true, new ContainerSpec.Root(40, true, true, 5),
            List.of(new ContainerSpec.MountSpec("/d", "bind", "s", 0x1000, "x", 41, true),
                new ContainerSpec.MountSpec("/p", "proc", "p", 0, "", -1, false)),
            new int[] {0, -1, 42}, true, 43, 5, 24, 80);
        List<Integer> descriptors = new ArrayList<>();
        byte[] body = SpecCodec.write(spec, descriptors);
        assertEquals(List.of(40, 41, 0, 42, 43), descriptors);
        ContainerSpec read = SpecCodec.read(body, SpecCodec.array(descriptors));
        assertArrayEquals(spec.stdio(), read.stdio());
        assertEquals(spec.toString().replaceAll("\\[I@[0-9a-f]+", ""), read.toString().replaceAll("\\[I@[0-9a-f]+", ""));
        for (int length = 0; length < body.length; length++) {
            byte[] cut = Arrays.copyOf(body, length);
            assertThrows(IllegalArgumentException.class, () -> SpecCodec.read(cut, SpecCodec.array(descriptors)));
        }
    }

    @Test
    void shouldKeepTheBootOptions() {
        KernelOptions options = new KernelOptions("ptrace", "6.1.0", true, List.of("read", "write"), 1L << 33);
        assertEquals(options, BootOptions.read(BootOptions.write(options)));
    }
}
