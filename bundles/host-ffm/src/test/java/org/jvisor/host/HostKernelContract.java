// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.SpawnRequest;

/** What holds for every provider of {@link HostKernel}. A provider's test extends this class. */
public abstract class HostKernelContract {
    private static final long O_CLOEXEC = 02000000;
    private static final long F_DUPFD_CLOEXEC = 1030;
    private static final List<String> ENVIRONMENT = List.of("GREETING=hello");

    private final HostKernel host;
    private long memory;

    protected HostKernelContract(HostKernel host) {
        this.host = host;
    }

    @BeforeEach
    void allocateMemory() {
        memory = host.allocate(4096);
    }

    @AfterEach
    void freeMemory() {
        host.free(memory);
    }

    @Test
    void shouldReturnResultsAndNegativeErrnos() {
        assertEquals(ProcessHandle.current().pid(), host.syscall(SyscallNr.GETPID));
        assertEquals(-Errno.EBADF, host.syscall(SyscallNr.CLOSE, -1));
        assertEquals(-Errno.ENOSYS, host.syscall(100_000));
    }

    @Test
    void shouldPassAllSixArguments() {
        int mapPrivateAnonymousFixed = 0x2 | 0x20 | 0x10;
        long first = host.syscall(SyscallNr.MMAP, 0, 8192, 3, 0x22, -1, 0);
        assertTrue(first > 0);
        long second = host.syscall(SyscallNr.MMAP, first + 4096, 4096, 3, mapPrivateAnonymousFixed, -1, 0);
        assertEquals(first + 4096, second);
        assertEquals(-Errno.EINVAL, host.syscall(SyscallNr.MMAP, 0, 4096, 3, 0x22, -1, 1));
        assertEquals(0, host.syscall(SyscallNr.MUNMAP, first, 8192));
    }

    @Test
    void shouldReturnLargeResultsThatAreNoErrors() {
        // lseek(2) gives back what it is told on a memfd, up to the largest file size.
        long name = string("seek");
        long fd = host.syscall(SyscallNr.MEMFD_CREATE, name, 1);
        assertEquals(0x7fff_ffff_f000L, host.syscall(SyscallNr.LSEEK, fd, 0x7fff_ffff_f000L, 0));
        host.syscall(SyscallNr.CLOSE, fd);
    }

    @Test
    void shouldAllocateZeroedAlignedMemory() {
        for (int bytes : new int[] {1, 63, 64, 65, 4096, 1 << 20}) {
            long address = host.allocate(bytes);
            assertEquals(0, address % 64);
            byte[] found = new byte[bytes];
            host.copyIn(address, found, 0, bytes);
            assertArrayEquals(new byte[bytes], found);
            host.fill(address, bytes, (byte) -1);
            host.free(address);
        }
    }

    @Test
    void shouldReadAndWriteUnalignedLittleEndianValues() {
        host.putLong(memory + 3, 0x8877_6655_4433_2211L);
        assertEquals(0x8877_6655_4433_2211L, host.getLong(memory + 3));
        assertEquals(0x5544_3322, host.getInt(memory + 4));
        assertEquals((short) 0x6655, host.getShort(memory + 7));
        assertEquals((byte) 0x88, host.getByte(memory + 10));
        host.putByte(memory + 3, (byte) 0xaa);
        host.putShort(memory + 4, (short) 0xbbcc);
        host.putInt(memory + 6, 0xdddd_eeee);
        assertEquals(0x88dd_ddee_eebb_ccaaL, host.getLong(memory + 3));
    }

    @Test
    void shouldExchangeAtomically() {
        host.putIntVolatile(memory, 7);
        assertEquals(7, host.compareAndExchangeInt(memory, 8, 9));
        assertEquals(7, host.getIntVolatile(memory));
        assertEquals(7, host.compareAndExchangeInt(memory, 7, 9));
        assertEquals(9, host.getIntVolatile(memory));
        host.putLongVolatile(memory + 8, Long.MIN_VALUE);
        assertEquals(Long.MIN_VALUE, host.getLongVolatile(memory + 8));
    }

    @Test
    void shouldCopyBytesInAndOut() {
        byte[] out = {1, 2, 3, 4, 5, 6};
        host.copyOut(out, 1, 4, memory + 5);
        byte[] in = new byte[8];
        host.copyIn(memory + 4, in, 1, 6);
        assertArrayEquals(new byte[] {0, 0, 2, 3, 4, 5, 0, 0}, in);
    }

    @Test
    void shouldCopyLongsInAndOut() {
        long[] out = {1, -2, 3, 4};
        host.copyOut(out, 1, 2, memory + 1);
        long[] in = new long[4];
        host.copyIn(memory + 1, in, 2, 2);
        assertArrayEquals(new long[] {0, 0, -2, 3}, in);
    }

    @Test
    void shouldCopyOverlappingRanges() {
        host.copyOut(new byte[] {1, 2, 3, 4, 5}, 0, 5, memory);
        host.copy(memory, memory + 2, 5);
        byte[] found = new byte[7];
        host.copyIn(memory, found, 0, 7);
        assertArrayEquals(new byte[] {1, 2, 1, 2, 3, 4, 5}, found);
    }

    @Test
    void shouldFillMemory() {
        host.fill(memory + 1, 3, (byte) 0x5a);
        assertEquals(0x005a_5a5a_00L, host.getLong(memory));
    }

    @Test
    void shouldReadAnAdvancingTimeStampCounter() {
        long before = host.timeStampCounter();
        host.syscall(SyscallNr.GETPPID);
        assertTrue(host.timeStampCounter() - before > 0);
    }

    @Test
    void shouldSpawnWithArgumentsEnvironmentAndOutput() {
        assertEquals("hello a b\n", output("echo $GREETING \"$1\" $2", 1, "a", "b"));
    }

    @Test
    void shouldPassPermutedDescriptors() {
        int[] a = pipe();
        int[] b = pipe();
        put(a[1], "first");
        put(b[1], "second");
        int[] out = pipe();
        // Targets 3 to 5 are likely among the sources' own numbers: the swap must not lose one of them.
        int[] descriptors = new int[Math.max(Math.max(a[0], b[0]), out[1]) + 1];
        Arrays.fill(descriptors, -1);
        descriptors[1] = out[1];
        descriptors[a[0]] = b[0];
        descriptors[b[0]] = a[0];
        String script = "cat <&" + Math.min(a[0], 9) + "; cat <&" + Math.min(b[0], 9);
        if (Math.max(a[0], b[0]) > 9) {
            script = "cat /proc/self/fd/" + a[0] + " /proc/self/fd/" + b[0];
        }
        close(a[1]);
        close(b[1]);
        int pid = host.spawn(new SpawnRequest("/bin/sh", List.of("sh", "-c", script), ENVIRONMENT, descriptors));
        close(out[1]);
        assertTrue(pid > 0, () -> "spawn: " + pid);
        assertEquals("secondfirst", drain(out[0]));
        await(pid, 0);
        IntStream.of(a[0], b[0]).forEach(this::close);
    }

    @Test
    void shouldPassADescriptorUnderItsOwnNumber() {
        int[] out = pipe();
        int[] descriptors = new int[out[1] + 1];
        Arrays.fill(descriptors, -1);
        descriptors[out[1]] = out[1];
        String script = "echo same > /proc/self/fd/" + out[1];
        int pid = host.spawn(new SpawnRequest("/bin/sh", List.of("sh", "-c", script), ENVIRONMENT, descriptors));
        close(out[1]);
        assertEquals("same\n", drain(out[0]));
        await(pid, 0);
    }

    @Test
    void shouldCloseOtherDescriptorsThatCarryCloseOnExec() {
        long other = host.syscall(SyscallNr.FCNTL, 0, F_DUPFD_CLOEXEC, 300);
        assertTrue(other >= 300);
        assertEquals("closed\n", output("test -e /proc/self/fd/" + other + " || echo closed", 1));
        close((int) other);
    }

    @Test
    void shouldStartASession() {
        String script = "read pid name state parent group session rest < /proc/$$/stat; test $session = $$ && echo leader";
        assertEquals("leader\n", output(script, 1));
    }

    @Test
    void shouldRunAnOpenProgram() {
        int program = (int) host.syscall(SyscallNr.OPEN, string("/bin/sh"), O_CLOEXEC);
        int[] out = pipe();
        int[] descriptors = new int[Math.max(program, out[1]) + 1];
        Arrays.fill(descriptors, out[1]);
        String path = "/proc/self/fd/" + program;
        int pid = host.spawn(new SpawnRequest(path, List.of("sh", "-c", "echo open"), ENVIRONMENT, descriptors));
        close(out[1]);
        close(program);
        assertTrue(pid > 0, () -> "spawn: " + pid);
        assertEquals("open\n", drain(out[0]));
        await(pid, 0);
    }

    @Test
    void shouldReportWhyAProgramDoesNotStart() {
        assertEquals(-Errno.ENOENT, host.spawn(new SpawnRequest("/no/such", List.of("x"), List.of(), new int[0])));
        assertEquals(-Errno.EBADF, host.spawn(new SpawnRequest("/bin/true", List.of("x"), List.of(), new int[] {987_654})));
    }

    /** What a shell script writes to its descriptor {@code target}. */
    private String output(String script, int target, String... arguments) {
        int[] out = pipe();
        int[] descriptors = new int[target + 1];
        Arrays.fill(descriptors, -1);
        descriptors[target] = out[1];
        List<String> argv = new ArrayList<>(List.of("sh", "-c", script, "sh"));
        argv.addAll(List.of(arguments));
        int pid = host.spawn(new SpawnRequest("/bin/sh", argv, ENVIRONMENT, descriptors));
        close(out[1]);
        assertTrue(pid > 0, () -> "spawn: " + pid);
        String found = drain(out[0]);
        await(pid, 0);
        return found;
    }

    private int[] pipe() {
        assertEquals(0, host.syscall(SyscallNr.PIPE2, memory, O_CLOEXEC));
        return new int[] {host.getInt(memory), host.getInt(memory + 4)};
    }

    private void put(int fd, String text) {
        assertEquals(text.length(), host.syscall(SyscallNr.WRITE, fd, string(text), text.length()));
    }

    private String drain(int fd) {
        StringBuilder text = new StringBuilder();
        for (;;) {
            int got = (int) host.syscall(SyscallNr.READ, fd, memory, 4096);
            if (got <= 0) {
                close(fd);
                return text.toString();
            }
            byte[] bytes = new byte[got];
            host.copyIn(memory, bytes, 0, got);
            text.append(new String(bytes, StandardCharsets.ISO_8859_1));
        }
    }

    private void close(int fd) {
        host.syscall(SyscallNr.CLOSE, fd);
    }

    private void await(int pid, int status) {
        assertEquals(pid, host.syscall(SyscallNr.WAIT4, pid, memory, 0, 0));
        assertEquals(status, host.getInt(memory));
    }

    /** Overwrites the test's memory. */
    private long string(String text) {
        byte[] bytes = (text + "\0").getBytes(StandardCharsets.ISO_8859_1);
        host.copyOut(bytes, 0, bytes.length, memory);
        return memory;
    }
}
