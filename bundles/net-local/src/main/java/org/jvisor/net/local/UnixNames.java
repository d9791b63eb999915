// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.util.HashMap;
import java.util.Map;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PathWalk;

/**
 * Which AF_UNIX socket has which name (unix(7)): a path's inode, or an abstract name, which begins with NUL. Guarded by this.
 */
final class UnixNames {

    private record File(long device, long ino) {}

    /** A bound name: its address and under what it is found. */
    record Name(byte[] address, Object key) {}

    private final Map<Object, LocalSocket> sockets = new HashMap<>();
    private int nextAutobind;

    /** bind(2). */
    Name bind(Task task, LocalSocket socket, byte[] address, int length) {
        if (length < SockaddrUnLayout.PATH || length > SockaddrUnLayout.SIZE
                || SockaddrUnLayout.family(address, 0) != AF_UNIX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (length == SockaddrUnLayout.PATH) {
            return autobind(socket);
        }
        if (address[SockaddrUnLayout.PATH] == 0) {
            return bindAbstract(socket, java.util.Arrays.copyOf(address, length));
        }
        String path = path(address, length);
        PathWalk walk = task.walk();
        try {
            task.kernel().vfs().mknod(task, Open.AT_FDCWD, walk.load(path), Mode.S_IFSOCK | 0777, 0);
        } catch (ErrnoException e) {
            throw e.errno() == Errno.EEXIST ? ErrnoException.of(Errno.EADDRINUSE) : e;
        }
        walk.load(path).resolve(task, Open.AT_FDCWD, 0);
        Object key = key(walk.inode());
        byte[] name = new byte[SockaddrUnLayout.PATH + path.length() + 1];
        System.arraycopy(address, 0, name, 0, name.length - 1);
        synchronized (this) {
            sockets.put(key, socket);
        }
        return new Name(name, key);
    }

    private static String path(byte[] address, int length) {
        return org.jvisor.api.abi.Bytes.getString(address, SockaddrUnLayout.PATH, length - SockaddrUnLayout.PATH);
    }

    private static Object key(Inode inode) {
        return new File(inode.fileSystem().device(), inode.ino());
    }

    private Name bindAbstract(LocalSocket socket, byte[] address) {
        String key = new String(address, java.nio.charset.StandardCharsets.ISO_8859_1);
        synchronized (this) {
            if (sockets.putIfAbsent(key, socket) != null) {
                throw ErrnoException.of(Errno.EADDRINUSE);
            }
        }
        return new Name(address, key);
    }

    /** unix(7), "Autobind feature": a NUL and five hexadecimal digits. */
    private Name autobind(LocalSocket socket) {
        for (int i = 0; i < 1 << 20; i++) {
            int number;
            synchronized (this) {
                number = nextAutobind++ & 0xfffff;
            }
            byte[] address = new byte[SockaddrUnLayout.PATH + 6];
            SockaddrUnLayout.family(address, 0, AF_UNIX);
            for (int digit = 0; digit < 5; digit++) {
                address[SockaddrUnLayout.PATH + 1 + digit] = (byte) Character.forDigit(number >> 16 - 4 * digit & 15, 16);
            }
            try {
                return bindAbstract(socket, address);
            } catch (ErrnoException e) {
                if (e.errno() != Errno.EADDRINUSE) {
                    throw e;
                }
            }
        }
        throw ErrnoException.of(Errno.ENOSPC);
    }

    /** Who has the name; ECONNREFUSED when nobody listens there, and the errors of path resolution. */
    LocalSocket find(Task task, byte[] address, int length) {
        if (length <= SockaddrUnLayout.PATH || length > SockaddrUnLayout.SIZE
                || SockaddrUnLayout.family(address, 0) != AF_UNIX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Object key;
        if (address[SockaddrUnLayout.PATH] == 0) {
            key = new String(address, 0, length, java.nio.charset.StandardCharsets.ISO_8859_1);
        } else {
            PathWalk walk = task.walk().load(path(address, length));
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
            int allowed = task.kernel().vfs().permission(task.credentials(), walk.inode(), 2);
            if (allowed < 0) {
                throw ErrnoException.of(-allowed);
            }
            key = key(walk.inode());
        }
        LocalSocket socket;
        synchronized (this) {
            socket = sockets.get(key);
        }
        if (socket == null) {
            throw ErrnoException.of(Errno.ECONNREFUSED);
        }
        return socket;
    }

    synchronized void unbind(Name name, LocalSocket socket) {
        if (name != null) {
            sockets.remove(name.key(), socket);
        }
    }
}
