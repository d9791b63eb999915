// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.nio.file.Path;
import java.util.TreeSet;
import java.util.concurrent.SynchronousQueue;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Dirent64Layout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.OpenHowLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/**
 * The real Linux, asked by a thread that has a folder as its root and so can do no harm outside of it. Results are negative
 * errnos
 * or what the call returned.
 */
final class HostFiles implements AutoCloseable {

    private static final int CLONE_FS = 0x200;
    private static final int SCRATCH = 65536;
    private static final int HALF = SCRATCH / 2;
    private static final long[] STOP = {};

    private final HostKernel host = World.HOST;
    private final long scratch = host.allocate(SCRATCH);
    private final SynchronousQueue<long[]> requests = new SynchronousQueue<>();
    private final SynchronousQueue<long[]> results = new SynchronousQueue<>();
    private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::serve);

    private HostFiles() {
        thread.start();
    }

    /** Null where this process may not do that. */
    static HostFiles in(Path folder) {
        HostFiles files = new HostFiles();
        files.call(SyscallNr.GETPID);
        boolean ready = files.call(SyscallNr.UNSHARE, CLONE_FS) == 0
                && files.call(SyscallNr.CHROOT, files.string(folder.toString(), 0)) == 0
                && files.call(SyscallNr.CHDIR, files.string("/", 0)) == 0
                && files.call(SyscallNr.SETGROUPS, 0, 0) == 0;
        files.call(SyscallNr.UMASK, 022);
        return ready ? files : null;
    }

    /** Loads no class: its root holds none. */
    private void serve() {
        try {
            for (long[] r = requests.take(); r != STOP; r = requests.take()) {
                r[0] = host.syscall(r[0], r[1], r[2], r[3], r[4], r[5], 0);
                results.put(r);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private long call(long number, long... arguments) {
        long[] request = new long[6];
        request[0] = number;
        System.arraycopy(arguments, 0, request, 1, arguments.length);
        try {
            requests.put(request);
            return results.take()[0];
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private long string(String value, int offset) {
        byte[] bytes = ByteNames.bytes(value + "\0");
        host.copyOut(bytes, 0, bytes.length, scratch + offset);
        return scratch + offset;
    }

    void become(int uid, int gid) {
        call(SyscallNr.SETFSUID, 0);
        call(SyscallNr.SETFSGID, gid);
        call(SyscallNr.SETFSUID, uid);
    }

    long mkdir(String path, int mode) {
        return call(SyscallNr.MKDIRAT, Open.AT_FDCWD, string(path, 0), mode);
    }

    long mknod(String path, int mode, long device) {
        return call(SyscallNr.MKNODAT, Open.AT_FDCWD, string(path, 0), mode, device);
    }

    long unlink(String path, boolean directory) {
        return call(SyscallNr.UNLINKAT, Open.AT_FDCWD, string(path, 0), directory ? Open.AT_REMOVEDIR : 0);
    }

    long symlink(String target, String path) {
        return call(SyscallNr.SYMLINKAT, string(target, 0), Open.AT_FDCWD, string(path, HALF));
    }

    long link(String from, String to, boolean follow) {
        return call(SyscallNr.LINKAT, Open.AT_FDCWD, string(from, 0), Open.AT_FDCWD, string(to, HALF),
                follow ? Open.AT_SYMLINK_FOLLOW : 0);
    }

    long rename(String from, String to, int flags) {
        return call(SyscallNr.RENAMEAT2, Open.AT_FDCWD, string(from, 0), Open.AT_FDCWD, string(to, HALF), flags);
    }

    /**
     * Opens, says the flags, writes {@code content} if there is any, reads up to 100 bytes from the start into {@code got},
     * closes.
     */
    long open(String path, int flags, int mode, int resolve, String content, StringBuilder got) {
        long how = scratch + HALF;
        host.putLong(how + OpenHowLayout.FLAGS, flags);
        host.putLong(how + OpenHowLayout.MODE, (flags & (Open.O_CREAT | Open.O_TMPFILE & ~Open.O_DIRECTORY)) != 0 ? mode : 0);
        host.putLong(how + OpenHowLayout.RESOLVE, resolve);
        long fd = resolve == 0 ? call(SyscallNr.OPENAT, Open.AT_FDCWD, string(path, 0), flags, mode)
                : call(SyscallNr.OPENAT2, Open.AT_FDCWD, string(path, 0), how, OpenHowLayout.SIZE);
        if (fd < 0) {
            return fd;
        }
        got.append(Long.toOctalString(call(SyscallNr.FCNTL, fd, Open.F_GETFL))).append(' ');
        if (!content.isEmpty()) {
            got.append(call(SyscallNr.WRITE, fd, string(content, 0), content.length())).append(' ');
        }
        long n = call(SyscallNr.PREAD64, fd, scratch, 100, 0);
        got.append(n).append(' ');
        if (n > 0) {
            byte[] bytes = new byte[(int) n];
            host.copyIn(scratch, bytes, 0, bytes.length);
            got.append(ByteNames.string(bytes, 0, bytes.length));
        }
        call(SyscallNr.CLOSE, fd);
        return 0;
    }

    /** The names in a directory, sorted, or an error. */
    String list(String path) {
        long fd = call(SyscallNr.OPENAT, Open.AT_FDCWD, string(path, 0), Open.O_RDONLY | Open.O_DIRECTORY, 0);
        if (fd < 0) {
            return Errno.name((int) -fd);
        }
        TreeSet<String> names = new TreeSet<>();
        long n = call(SyscallNr.GETDENTS64, fd, scratch, HALF);
        call(SyscallNr.CLOSE, fd);
        if (n < 0) {
            return Errno.name((int) -n);
        }
        byte[] bytes = new byte[(int) n];
        host.copyIn(scratch, bytes, 0, bytes.length);
        for (int at = 0; at < n; at += Dirent64Layout.reclen(bytes, at)) {
            int name = at + Dirent64Layout.NAME;
            names.add(Bytes.getString(bytes, name, Dirent64Layout.reclen(bytes, at) - Dirent64Layout.NAME) + ":"
                    + Dirent64Layout.type(bytes, at));
        }
        return names.toString();
    }

    /** Type, permissions, owner; links and size of what is no directory: those are the file system's affair. */
    String stat(String path, boolean follow) {
        int flags = follow ? 0 : Open.AT_SYMLINK_NOFOLLOW;
        long result = call(SyscallNr.NEWFSTATAT, Open.AT_FDCWD, string(path, HALF), scratch, flags);
        if (result < 0) {
            return Errno.name((int) -result);
        }
        return describe(host.getInt(scratch + 24), host.getLong(scratch + 16), host.getInt(scratch + 28),
                host.getInt(scratch + 32), host.getLong(scratch + 48), host.getLong(scratch + 40));
    }

    static String describe(int mode, long links, int uid, int gid, long size, long rdev) {
        boolean directory = org.jvisor.api.abi.Mode.isDir(mode);
        return Integer.toOctalString(mode) + " " + uid + ":" + gid + " " + links + (directory ? "" : " " + size) + " " + rdev;
    }

    String readlink(String path) {
        long n = call(SyscallNr.READLINKAT, Open.AT_FDCWD, string(path, HALF), scratch, HALF);
        if (n < 0) {
            return Errno.name((int) -n);
        }
        byte[] bytes = new byte[(int) n];
        host.copyIn(scratch, bytes, 0, bytes.length);
        return ByteNames.string(bytes, 0, bytes.length);
    }

    long chmod(String path, int mode) {
        return call(SyscallNr.FCHMODAT, Open.AT_FDCWD, string(path, 0), mode);
    }

    long chown(String path, int uid, int gid, boolean follow) {
        return call(SyscallNr.FCHOWNAT, Open.AT_FDCWD, string(path, 0), uid, gid, follow ? 0 : Open.AT_SYMLINK_NOFOLLOW);
    }

    long truncate(String path, long size) {
        return call(SyscallNr.TRUNCATE, string(path, 0), size);
    }

    long access(String path, int mask) {
        return call(SyscallNr.FACCESSAT, Open.AT_FDCWD, string(path, 0), mask);
    }

    long touch(String path) {
        return call(SyscallNr.UTIMENSAT, Open.AT_FDCWD, string(path, 0), 0, 0);
    }

    long chdir(String path) {
        return call(SyscallNr.CHDIR, string(path, 0));
    }

    @Override
    public void close() {
        try {
            requests.put(STOP);
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        host.free(scratch);
    }
}
