// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.function.Function;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.p9.P9Transport;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.ProcEntry;
import org.jvisor.api.vfs.VfsPath;

/**
 * A component that is each kind of service, and says about itself what its bundle's file "nonsense" has: a line a method, with what it
 * answers, or "null", "throw", "error", "hang". "new" is its construction.
 */
public final class Nonsense implements SyscallFamily, SyscallInterceptor, SocketFamily, FileSystemType, DeviceDriver, ProcEntry, HostCaller,
        P9Transport {

    private final Properties answers = new Properties();

    public Nonsense() {
        try (InputStream in = Nonsense.class.getResourceAsStream("/nonsense")) {
            answers.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        answer("new", "", text -> text);
    }

    /** Whatever a method can do. */
    private <T> T answer(String method, T sense, Function<String, T> parse) {
        String text = answers.getProperty(method);
        return switch (text) {
            case null -> sense;
            case "null" -> null;
            case "throw" -> throw new IllegalStateException("no good");
            case "error" -> throw new NoClassDefFoundError("no good");
            case "overflow" -> overflow(1);
            case "fill" -> fill();
            case "hang" -> hang();
            default -> parse.apply(text);
        };
    }

    private static <T> T overflow(int depth) {
        if (depth == 0) {
            return null;
        }
        return overflow(depth + 1);
    }

    /** All of the heap, until the virtual machine says no. */
    private static <T> T fill() {
        List<byte[]> kept = new java.util.ArrayList<>();
        while (!kept.isEmpty() || kept.add(new byte[1])) {
            kept.add(new byte[1 << 20]);
        }
        return null;
    }

    private static <T> T hang() {
        while (!Thread.currentThread().isVirtual()) {
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException e) {
                // It does not hear of that either.
            }
        }
        return null;
    }

    private static int[] numbers(String text) {
        return Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray();
    }

    @Override
    public String name() {
        return answer("name", "nonsense", text -> text);
    }

    // ---- SyscallFamily

    @Override
    public CallTable calls() {
        SyscallHandler handler = answer("handler", (task, arguments) -> 0, text -> null);
        return answer("calls", new CallTable(handler).full(501), text -> new CallTable(handler).full(numbers(text)));
    }

    // ---- SyscallInterceptor

    @Override
    public int[] numbers() {
        return answer("numbers", new int[] {501}, Nonsense::numbers);
    }

    @Override
    public long before(Task task, Arguments arguments) {
        return PASS;
    }

    // ---- SocketFamily

    @Override
    public int domain() {
        return answer("domain", 44, Integer::valueOf);
    }

    @Override
    public Socket create(Task task, int type, int protocol) {
        return null;
    }

    @Override
    public Socket[] createPair(Task task, int type, int protocol) {
        return null;
    }

    // ---- FileSystemType

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return null;
    }

    // ---- DeviceDriver

    @Override
    public int major() {
        return answer("major", 200, Integer::valueOf);
    }

    @Override
    public int firstMinor() {
        return answer("firstMinor", 0, Integer::valueOf);
    }

    @Override
    public int lastMinor() {
        return answer("lastMinor", 7, Integer::valueOf);
    }

    @Override
    public FileOperations open(Task task, int minor, int flags, VfsPath path) {
        return null;
    }

    // ---- ProcEntry

    @Override
    public String path() {
        return answer("path", "net/nonsense", text -> text);
    }

    @Override
    public int permissions() {
        return answer("permissions", 0444, Integer::valueOf);
    }

    @Override
    public byte[] read(Task reader) {
        return null;
    }

    @Override
    public long write(Task writer, byte[] data) {
        return -Errno.EIO;
    }

    // ---- HostCaller

    @Override
    public List<HostCall> hostCalls() {
        return answer("hostCalls", List.of(), text -> Collections.singletonList(null));
    }

    // ---- P9Transport

    @Override
    public P9Channel connect(int descriptor, int messageSize) {
        return null;
    }

    @Override
    public P9Port serve(int descriptor, int messageSize) {
        return null;
    }
}
