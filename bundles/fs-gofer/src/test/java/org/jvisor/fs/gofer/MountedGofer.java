// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.gofer.InProcessServer;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.p9.unix.UnixTransport;

/** A folder of this host as a mounted file system, with a gofer in this process; and short forms of what tests do with it. */
final class MountedGofer implements AutoCloseable {
    static final HostKernel HOST = new FfmHostKernel();
    static final Inode.Owner OWNER = new Inode.Owner(0, 0);
    static final int FRAMES = 4096;
    private static final int MESSAGE_BYTES = 64 << 10;

    final FakeMemory memory = new FakeMemory(HOST, FRAMES);
    GoferFileSystem fileSystem;
    final UnixTransport transport = new UnixTransport(HOST);
    final InProcessServer server;
    final int socket;
    /** What {@link #file} has told its last {@code setPosition}. */
    long position;

    /** Between the client and the server; null when there is none. */
    final Middleman middleman;

    MountedGofer(Path folder, String options) {
        this(folder, options, false);
    }

    MountedGofer(Path folder, String options, boolean withMiddleman) {
        int[] pair = socketPair();
        socket = pair[0];
        int serverEnd = pair[1];
        if (withMiddleman) {
            int[] behind = socketPair();
            serverEnd = behind[1];
            middleman = new Middleman(transport.serve(pair[1], MESSAGE_BYTES), transport.connect(behind[0], MESSAGE_BYTES));
        } else {
            middleman = null;
        }
        server = new InProcessServer(HOST, serverEnd, open(folder.toString()), open("/proc/self/fd"), false);
        GoferClient client = new GoferClient(HOST, transport.connect(pair[0], MESSAGE_BYTES));
        fileSystem = new GoferFileSystem(HOST, memory, new Cgroup(null), client, MountOptions.parse(options), 42);
    }

    private static int[] socketPair() {
        long scratch = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, Socket.SOCK_SEQPACKET | Socket.SOCK_CLOEXEC, 0,
                scratch));
        int[] pair = {HOST.getInt(scratch), HOST.getInt(scratch + 4)};
        HOST.free(scratch);
        return pair;
    }

    private static int open(String path) {
        byte[] bytes = (path + "\0").getBytes(StandardCharsets.ISO_8859_1);
        long address = HOST.allocate(bytes.length);
        HOST.copyOut(bytes, 0, bytes.length, address);
        int flags = InProcessServer.flags();
        long descriptor = ErrnoException.check(HOST.syscall(SyscallNr.OPENAT, Open.AT_FDCWD, address, flags, 0));
        HOST.free(address);
        return (int) descriptor;
    }

    GoferDirectory root() {
        return (GoferDirectory) fileSystem.root();
    }

    /** Walks by Inode.lookup, name by name; null when a name is missing. */
    Inode find(String path) {
        Inode inode = root();
        for (String name : path.split("/")) {
            inode = inode == null ? null : inode.lookup(null, name);
        }
        return inode;
    }

    static String text(FileOperations file, long offset, int length) {
        long address = HOST.allocate(length + 1L);
        long n = file.read(null, null, new SpanBuffer(HOST, address, length, 1000), offset);
        ErrnoException.check(n);
        byte[] bytes = new byte[(int) n];
        HOST.copyIn(address, bytes, 0, (int) n);
        HOST.free(address);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    long write(FileOperations file, long offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        long address = HOST.allocate(bytes.length + 1L);
        HOST.copyOut(bytes, 0, bytes.length, address);
        long n = file.write(null, file(0), new SpanBuffer(HOST, address, bytes.length, 1000), offset);
        HOST.free(address);
        return n;
    }

    /** A description of which files ask no more than the flags. */
    FileDescription file(int flags) {
        return (FileDescription) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {FileDescription.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "flags" -> flags;
                    case "setPosition" -> {
                        position = (long) arguments[0];
                        yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    /** The bytes that an application sees through a mapping. */
    String mapped(Mappable object, long offset, int length) {
        long frame = ErrnoException.check(object.frame(offset & -4096, false));
        byte[] bytes = new byte[length];
        HOST.copyIn(memory.base() + frame + (offset & 4095), bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    void writeMapped(Mappable object, long offset, String text) {
        long frame = ErrnoException.check(object.frame(offset & -4096, true));
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        HOST.copyOut(bytes, 0, bytes.length, memory.base() + frame + (offset & 4095));
    }

    List<String> names(Inode directory) {
        List<String> names = new ArrayList<>();
        for (DirectoryNames.Entry entry : ((GoferDirectory) directory).names.list(null, null)) {
            names.add(entry.name);
        }
        return names;
    }

    @Override
    public void close() {
        fileSystem.unmount();
        if (middleman != null) {
            middleman.close();
        }
    }
}
