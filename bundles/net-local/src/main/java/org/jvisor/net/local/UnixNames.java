// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PathWalk;

/**
 * Which AF_UNIX socket has which name (unix(7)): a path's inode, or an abstract name, which begins with NUL. The rules for a
 * namespace's table.
 */
final class UnixNames {

    /**
     * A socket's name.
     *
     * @param address a struct sockaddr_un's bytes, as many as count
     * @param key under what it is found; null for an accepted socket, which shows its listener's name and does not have it
     */
    record Name(byte[] address, Object key) {

        /** Nothing for null. */
        static void save(Name name, StateRecord record) {
            if (name == null) {
                return;
            }
            record.put("name", name.address).put("named", name.key != null);
            if (name.key instanceof NetNamespace.SocketFile file) {
                record.put("device", file.device()).put("ino", file.ino());
            }
        }

        /** Null when there is none. */
        static Name adopt(StateRecord record) {
            byte[] address = record.getBytes("name");
            if (address == null) {
                return null;
            }
            if (address.length < SockaddrUnLayout.PATH) {
                throw record.refuse("name", "too short for an address");
            }
            if (!record.getBoolean("named", false)) {
                return new Name(address, null);
            }
            return new Name(address, record.has("ino")
                    ? new NetNamespace.SocketFile(record.requireLong("device"), record.requireLong("ino"))
                    : abstractKey(address, address.length));
        }
    }

    private UnixNames() {
    }

    /** bind(2). */
    static Name bind(NetNamespace net, Task task, LocalSocket socket, int mode, byte[] address, int length) {
        if (length < SockaddrUnLayout.PATH || length > SockaddrUnLayout.SIZE
                || SockaddrUnLayout.family(address, 0) != AF_UNIX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (length == SockaddrUnLayout.PATH) {
            return autobind(net, socket);
        }
        if (address[SockaddrUnLayout.PATH] == 0) {
            return bindAbstract(net, socket, Arrays.copyOf(address, length));
        }
        String path = path(address, length);
        PathWalk walk = task.walk();
        try {
            task.kernel().vfs().mknod(task, Open.AT_FDCWD, walk.load(path), Mode.S_IFSOCK | mode, 0);
        } catch (ErrnoException e) {
            throw e.errno() == Errno.EEXIST ? ErrnoException.of(Errno.EADDRINUSE) : e;
        }
        walk.load(path).resolve(task, Open.AT_FDCWD, 0);
        Object key = key(walk.inode());
        byte[] name = new byte[SockaddrUnLayout.PATH + path.length() + 1];
        System.arraycopy(address, 0, name, 0, name.length - 1);
        net.nameAnew(key, socket);
        return new Name(name, key);
    }

    private static String path(byte[] address, int length) {
        return Bytes.getString(address, SockaddrUnLayout.PATH, length - SockaddrUnLayout.PATH);
    }

    private static Object key(Inode inode) {
        return new NetNamespace.SocketFile(inode.fileSystem().device(), inode.ino());
    }

    private static Object abstractKey(byte[] address, int length) {
        return new String(address, 0, length, StandardCharsets.ISO_8859_1);
    }

    private static Name bindAbstract(NetNamespace net, LocalSocket socket, byte[] address) {
        Object key = abstractKey(address, address.length);
        if (!net.name(key, socket)) {
            throw ErrnoException.of(Errno.EADDRINUSE);
        }
        return new Name(address, key);
    }

    /** unix(7), "Autobind feature": a NUL and five hexadecimal digits. */
    private static Name autobind(NetNamespace net, LocalSocket socket) {
        for (int i = 0; i < 1 << 20; i++) {
            int number = net.nextUnixName() & 0xfffff;
            byte[] address = new byte[SockaddrUnLayout.PATH + 6];
            SockaddrUnLayout.family(address, 0, AF_UNIX);
            for (int digit = 0; digit < 5; digit++) {
                address[SockaddrUnLayout.PATH + 1 + digit] = (byte) Character.forDigit(number >> 16 - 4 * digit & 15, 16);
            }
            try {
                return bindAbstract(net, socket, address);
            } catch (ErrnoException e) {
                if (e.errno() != Errno.EADDRINUSE) {
                    throw e;
                }
            }
        }
        throw ErrnoException.of(Errno.ENOSPC);
    }

    /** Who has the name; ECONNREFUSED when nobody listens there, and the errors of path resolution. */
    static LocalSocket find(NetNamespace net, Task task, byte[] address, int length) {
        if (length <= SockaddrUnLayout.PATH || length > SockaddrUnLayout.SIZE
                || SockaddrUnLayout.family(address, 0) != AF_UNIX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Object key;
        if (address[SockaddrUnLayout.PATH] == 0) {
            key = abstractKey(address, length);
        } else {
            PathWalk walk = task.walk().load(path(address, length));
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
            int allowed = task.kernel().vfs().permission(task.credentials(), walk.inode(), 2);
            if (allowed < 0) {
                throw ErrnoException.of(-allowed);
            }
            key = key(walk.inode());
        }
        if (net.named(key) instanceof LocalSocket socket) {
            return socket;
        }
        throw ErrnoException.of(Errno.ECONNREFUSED);
    }

    static void unbind(NetNamespace net, Name name, LocalSocket socket) {
        if (name != null && name.key() != null) {
            net.unname(name.key(), socket);
        }
    }
}
