// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Xattr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.VfsPath;

/** Extended attributes: getxattr(2), setxattr(2), listxattr(2), removexattr(2), each by path, by link and by descriptor. */
final class Xattrs {

    private Xattrs() {
    }

    private static VfsPath find(Task task, long path, int walkFlags) {
        PathWalk walk = task.walk().load(task, path);
        walk.resolve(task, Open.AT_FDCWD, walkFlags);
        return walk.path();
    }

    /** A name of 1 to 255 bytes; ERANGE otherwise (xattr(7), limits). */
    private static String name(Task task, long address) {
        byte[] b = task.scratch();
        int length = task.memory().copyInString(address, b);
        if (length <= 0 || length > Xattr.XATTR_NAME_MAX) {
            throw ErrnoException.of(Errno.ERANGE);
        }
        return Bytes.getString(b, 0, length);
    }

    static long get(Task task, Arguments a, int walkFlags) {
        return get(task, find(task, a.a0, walkFlags), a);
    }

    static long fget(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            return get(task, file.path(), a);
        } finally {
            file.release(task);
        }
    }

    private static long get(Task task, VfsPath path, Arguments a) {
        return copyOut(task, task.kernel().vfs().getXattr(task, path, name(task, a.a1)), a.a2, a.a3);
    }

    /** Without room only the length is told. */
    private static long copyOut(Task task, byte[] value, long address, long size) {
        if (size == 0) {
            return value.length;
        }
        if (Long.compareUnsigned(size, value.length) < 0) {
            return -Errno.ERANGE;
        }
        task.memory().copyOut(value, 0, value.length, address);
        return value.length;
    }

    static long set(Task task, Arguments a, int walkFlags) {
        checkSet(a);
        return set(task, find(task, a.a0, walkFlags), a);
    }

    static long fset(Task task, Arguments a) {
        checkSet(a);
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            return set(task, file.path(), a);
        } finally {
            file.release(task);
        }
    }

    private static void checkSet(Arguments a) {
        if ((a.int4() & ~(Xattr.XATTR_CREATE | Xattr.XATTR_REPLACE)) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static long set(Task task, VfsPath path, Arguments a) {
        String name = name(task, a.a1);
        if (Long.compareUnsigned(a.a3, Xattr.XATTR_SIZE_MAX) > 0) {
            return -Errno.E2BIG;
        }
        byte[] value = new byte[(int) a.a3];
        task.memory().copyIn(a.a2, value, 0, value.length);
        task.kernel().vfs().setXattr(task, path, name, value, a.int4());
        return 0;
    }

    static long list(Task task, Arguments a, int walkFlags) {
        return list(task, find(task, a.a0, walkFlags), a);
    }

    static long flist(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            return list(task, file.path(), a);
        } finally {
            file.release(task);
        }
    }

    private static long list(Task task, VfsPath path, Arguments a) {
        List<String> names = task.kernel().vfs().listXattr(task, path);
        StringBuilder all = new StringBuilder();
        for (String name : names) {
            all.append(name).append('\0');
        }
        if (all.length() > Xattr.XATTR_LIST_MAX) {
            return -Errno.E2BIG;
        }
        return copyOut(task, all.toString().getBytes(StandardCharsets.ISO_8859_1), a.a1, a.a2);
    }

    static long remove(Task task, Arguments a, int walkFlags) {
        task.kernel().vfs().removeXattr(task, find(task, a.a0, walkFlags), name(task, a.a1));
        return 0;
    }

    static long fremove(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            task.kernel().vfs().removeXattr(task, file.path(), name(task, a.a1));
            return 0;
        } finally {
            file.release(task);
        }
    }
}
