// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Xattr;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;

/**
 * The extended attributes of a file: "user." ones and security.capability. Others are answered as on a file system and a kernel
 * without them, without asking: each execve(2) and each line of "ls -l" wants to know of some.
 */
final class ExtendedAttributes {
    private final GoferInode inode;
    private final GoferClient client;
    /** What there is, once asked; only kept in a tree that nobody else changes. */
    private volatile List<String> names;
    private final AtomicInteger version = new AtomicInteger();

    ExtendedAttributes(GoferInode inode) {
        this.inode = inode;
        client = inode.client;
    }

    byte[] get(String name) {
        require(name, Errno.ENODATA);
        if (!inode.fileSystem.shared && !list().contains(name)) {
            throw ErrnoException.of(Errno.ENODATA);
        }
        return ask(name);
    }

    List<String> list() {
        List<String> known = names;
        if (known != null) {
            return known;
        }
        int before = version.get();
        List<String> found = new ArrayList<>();
        if (canHave()) {
            byte[] text = ask("");
            int begin = 0;
            for (int i = 0; i < text.length; i++) {
                if (text[i] == 0) {
                    String name = new String(text, begin, i - begin, StandardCharsets.ISO_8859_1);
                    begin = i + 1;
                    if (isServed(name)) {
                        found.add(name);
                    }
                }
            }
        }
        known = List.copyOf(found);
        if (!inode.fileSystem.shared) {
            names = known;
            if (version.get() != before) {
                names = null;
            }
        }
        return known;
    }

    void set(String name, byte[] value, int flags) {
        require(name, Errno.EPERM);
        change((request, fid) -> P9Requests.setxattr(request, fid, name, flags, value));
    }

    void remove(String name) {
        require(name, Errno.ENODATA);
        change((request, fid) -> P9Requests.removexattr(request, fid, name));
    }

    private interface Request {
        void write(P9Message message, int fid);
    }

    private void change(Request request) {
        int fid = inode.fid.acquire();
        try {
            Exchange e = client.take();
            try {
                request.write(e.request, fid);
                client.call(e, new Change(client) {
                    @Override
                    void made() {
                        changed();
                    }
                });
                changed();
            } finally {
                client.give(e);
            }
        } finally {
            inode.fid.release();
        }
    }

    /** What was asked for before is old. */
    private void changed() {
        version.incrementAndGet();
        names = null;
        inode.state.changedByHost();
    }

    private byte[] ask(String name) {
        int fid = inode.fid.acquire();
        try {
            Exchange e = client.take();
            try {
                P9Requests.getxattr(e.request, fid, name);
                client.call(e);
                int length = e.reply.getInt();
                int begin = e.reply.getBytesPosition(length);
                e.reply.checkIntact();
                byte[] value = new byte[length];
                System.arraycopy(e.reply.bytes(), begin, value, 0, length);
                return value;
            } finally {
                client.give(e);
            }
        } finally {
            inode.fid.release();
        }
    }

    /** @param otherwise the errno where this kind of file has no such attributes */
    private void require(String name, int otherwise) {
        if (name.startsWith(Xattr.SYSTEM_PREFIX)) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if (!isServed(name) || !canHave()) {
            throw ErrnoException.of(otherwise);
        }
    }

    private static boolean isServed(String name) {
        return name.startsWith(Xattr.USER_PREFIX) || name.equals(Xattr.CAPABILITY);
    }

    private boolean canHave() {
        return Mode.isRegular(inode.mode()) || Mode.isDir(inode.mode());
    }
}
