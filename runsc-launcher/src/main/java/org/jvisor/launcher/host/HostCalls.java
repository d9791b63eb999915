// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.UcredLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;

/**
 * The host's calls that runsc and the boot of the Sentry make, with Java's types. Descriptors carry FD_CLOEXEC. A failure is a
 * {@link RunscException} that names the call, except where the errno is returned.
 */
public final class HostCalls {
    private static final long CLOSE_RANGE_CLOEXEC = 4;
    private static final int BLOCK = 65536;
    private static final int FOLDER_MODE = 0775;
    private static final int BACKLOG = 16;
    private static final int SOCKET_MODE = 0600;

    private final HostKernel host;

    public HostCalls(HostKernel host) {
        this.host = host;
    }

    public HostKernel host() {
        return host;
    }

    public static String describe(long negativeErrno) {
        return Errno.describe((int) -negativeErrno);
    }

    public static long check(long result, String what) {
        if (Errno.isError(result)) {
            throw new RunscException(what + ": " + describe(result));
        }
        return result;
    }

    /** open(2); a descriptor or a negative errno. */
    public int open(String path, int flags, int mode) {
        return (int) withString(path, name -> host.syscall(SyscallNr.OPEN, name, flags | Open.O_CLOEXEC, mode));
    }

    /** Makes the folders above a path that are missing, by the umask; what is wrong, who uses the path will see. */
    public void makeFoldersOf(String path) {
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            withString(path.substring(0, slash), at -> host.syscall(SyscallNr.MKDIR, at, FOLDER_MODE));
        }
    }

    public void close(int fd) {
        host.syscall(SyscallNr.CLOSE, fd);
    }

    /** The descriptors above standard error are not to reach a child by accident. */
    public void closeOnExecFrom(int first) {
        host.syscall(SyscallNr.CLOSE_RANGE, first, 0xffff_ffffL, CLOSE_RANGE_CLOEXEC);
    }

    /** @param type SOCK_* */
    public int[] socketPair(int type) {
        return pair(at -> host.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, type | Socket.SOCK_CLOEXEC, 0, at),
            "socketpair");
    }

    /** A Unix socket that listens at a path, which nothing else is at afterwards; its owner alone can connect. */
    public int listen(String path) {
        withString(path, at -> host.syscall(SyscallNr.UNLINK, at));
        int fd = streamSocket();
        check(withFolder(path, address -> host.syscall(SyscallNr.BIND, fd, address, SockaddrUnLayout.SIZE)), "bind " + path);
        // Before anybody can connect: bind(2) goes by the umask.
        check(withString(path, at -> host.syscall(SyscallNr.CHMOD, at, SOCKET_MODE)), "chmod " + path);
        check(host.syscall(SyscallNr.LISTEN, fd, BACKLOG), "listen " + path);
        return fd;
    }

    /** A connection to a Unix socket, or a negative errno. */
    public int connect(String path) {
        int fd = streamSocket();
        long result = withFolder(path, address -> host.syscall(SyscallNr.CONNECT, fd, address, SockaddrUnLayout.SIZE));
        if (result < 0) {
            close(fd);
            return (int) result;
        }
        return fd;
    }

    /** The next connection of a listening socket, or a negative errno. */
    public int accept(int listener) {
        return (int) host.syscall(SyscallNr.ACCEPT4, listener, 0, 0, Socket.SOCK_CLOEXEC);
    }

    /** Whether a Unix socket's peer, when it connected or listened, was the user that this process runs as (unix(7), SO_PEERCRED). */
    public boolean isPeerOurs(int fd) {
        long at = host.allocate(UcredLayout.SIZE + Integer.BYTES);
        try {
            host.putInt(at + UcredLayout.SIZE, UcredLayout.SIZE);
            long result = host.syscall(SyscallNr.GETSOCKOPT, fd, Socket.SOL_SOCKET, Socket.SO_PEERCRED, at, at + UcredLayout.SIZE, 0);
            return result == 0 && host.getInt(at + UcredLayout.UID) == (int) host.syscall(SyscallNr.GETEUID);
        } finally {
            host.free(at);
        }
    }

    private int streamSocket() {
        return (int) check(host.syscall(SyscallNr.SOCKET, Socket.AF_UNIX, Socket.SOCK_STREAM | Socket.SOCK_CLOEXEC, 0), "socket");
    }

    /** Runs a call with the address of a socket by way of its folder's descriptor: a socket's path has room for 107 bytes only. */
    private long withFolder(String path, MemoryCall call) {
        int slash = path.lastIndexOf('/');
        int folder = open(path.substring(0, slash), Open.O_PATH | Open.O_DIRECTORY, 0);
        if (folder < 0) {
            return folder;
        }
        long address = host.allocate(SockaddrUnLayout.SIZE);
        try {
            byte[] shortPath = ByteStrings.bytes("/proc/self/fd/" + folder + path.substring(slash));
            host.putShort(address, (short) Socket.AF_UNIX);
            host.copyOut(shortPath, 0, shortPath.length, address + SockaddrUnLayout.PATH);
            return call.run(address);
        } finally {
            host.free(address);
            close(folder);
        }
    }

    public int[] pipe(int flags) {
        return pair(at -> host.syscall(SyscallNr.PIPE2, at, flags | Open.O_CLOEXEC), "pipe");
    }

    private int[] pair(MemoryCall call, String name) {
        long at = host.allocate(8);
        try {
            check(call.run(at), name);
            return new int[] {host.getInt(at), host.getInt(at + 4)};
        } finally {
            host.free(at);
        }
    }

    /** A descriptor to read what {@code content} holds, from its begin. */
    public int memoryFile(String name, byte[] content) {
        int fd = (int) check(withString(name, at -> host.syscall(SyscallNr.MEMFD_CREATE, at, 1)), "memfd_create");
        write(fd, content);
        host.syscall(SyscallNr.LSEEK, fd, 0, 0);
        return fd;
    }

    /** Writes all; 0 or a negative errno. */
    public long write(int fd, byte[] bytes) {
        long buffer = host.allocate(Math.max(1, bytes.length));
        try {
            host.copyOut(bytes, 0, bytes.length, buffer);
            int done = 0;
            while (done < bytes.length) {
                long count = host.syscall(SyscallNr.WRITE, fd, buffer + done, bytes.length - done);
                if (count == -Errno.EINTR) {
                    continue;
                }
                if (count < 0) {
                    return count;
                }
                done += (int) count;
            }
            return 0;
        } finally {
            host.free(buffer);
        }
    }

    /** Reads to the end, at most {@code limit} bytes. */
    public byte[] readAll(int fd, int limit, String what) {
        byte[] found = new byte[0];
        int length = 0;
        long buffer = host.allocate(BLOCK);
        try {
            for (;;) {
                int count = (int) check(host.syscall(SyscallNr.READ, fd, buffer, BLOCK), what);
                if (count == 0) {
                    return Arrays.copyOf(found, length);
                }
                if (length + count > limit) {
                    throw new RunscException(what + ": more than " + limit + " bytes");
                }
                if (found.length < length + count) {
                    found = Arrays.copyOf(found, Math.max(length + count, 2 * found.length));
                }
                host.copyIn(buffer, found, length, count);
                length += count;
            }
        } finally {
            host.free(buffer);
        }
    }

    /** Runs a call that takes a zero-terminated string. */
    public long withString(String text, MemoryCall call) {
        byte[] bytes = ByteStrings.bytes(text);
        long at = host.allocate(bytes.length + 1L);
        try {
            host.copyOut(bytes, 0, bytes.length, at);
            return call.run(at);
        } finally {
            host.free(at);
        }
    }

    /** A call that is given the address of memory of its own. */
    @FunctionalInterface
    public interface MemoryCall {
        long run(long address);
    }
}
