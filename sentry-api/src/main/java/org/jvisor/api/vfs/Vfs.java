// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.wait.WaitQueue;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The virtual file system: what the system calls about paths and descriptors are made of, with Linux's permission checks inside.
 * A service of sentry-vfs. Paths come as a loaded {@link PathWalk} and the directory descriptor that it is relative to; failures
 * are ErrnoExceptions with the errnos of the man pages.
 */
@ProviderType
public interface Vfs extends HandleSource {

    /**
     * Flag of {@link #open(Task, VfsPath, int)}: for executing. Execute permission is checked in place of read permission (EACCES,
     * also for what is no regular file or lies on a noexec mount), and what is opened can be read by the kernel.
     */
    int OPEN_EXEC = 0x20;

    PathWalk newPathWalk();

    /** @param cgroup what it and its copies take, and the descriptions that come to one of them first, is counted there */
    FdTable newFdTable(Cgroup cgroup);

    // ---- open and the like; what is returned has one reference, the caller's

    /** open(2), openat(2). {@code mode} without umask. */
    FileDescription open(Task task, int dirfd, PathWalk path, int flags, int mode, int resolve);

    /** Opens what lies at {@code path} without looking names up; for execve(2) and the kernel itself. */
    FileDescription open(Task task, VfsPath path, int flags);

    /** A description of something that has no name in a tree: sockets, epoll, memfd and their kin. {@code name} is what /proc/PID/fd shows, like "anon_inode:[eventpoll]" or "socket:[123]". */
    FileDescription newAnonymous(FileOperations operations, int flags, String name, int mode);

    /** The same with an inode of its own, like one of a host file; {@link Inode#evict} comes after the last use. */
    FileDescription newAnonymous(FileOperations operations, Inode inode, int flags, String name);

    /** A place of the same kind that can be opened, though nobody has: a namespace's. Gone when nobody refers to it any more. */
    VfsPath newAnonymousPlace(String name, int mode);

    /** A pipe's two ends: the one to read first. */
    FileDescription[] newPipe(Task task, int flags);

    FileDescription newEventFd(int initial, int flags);

    FileDescription newEpoll(int flags);

    FileDescription newTimerFd(Task task, int clock, int flags);

    FileDescription newSignalFd(Task task, long mask, int flags);

    FileDescription newMemfd(Task task, String name, int flags);

    // ---- names

    void stat(Task task, int dirfd, PathWalk path, int walkFlags, Stat stat);

    void stat(FileDescription file, Stat stat);

    /** access(2), faccessat2(2): with the real ids unless {@code effective}. */
    void access(Task task, int dirfd, PathWalk path, int mask, int walkFlags, boolean effective);

    void setAttributes(Task task, int dirfd, PathWalk path, int walkFlags, SetAttributes changes);

    void setAttributes(Task task, FileDescription file, SetAttributes changes);

    void mkdir(Task task, int dirfd, PathWalk path, int mode);

    void mknod(Task task, int dirfd, PathWalk path, int mode, long device);

    void symlink(Task task, String target, int dirfd, PathWalk path);

    /** linkat(2). {@code oldPath} and {@code newPath} are two objects. */
    void link(Task task, int oldDirfd, PathWalk oldPath, int walkFlags, int newDirfd, PathWalk newPath);

    void unlink(Task task, int dirfd, PathWalk path);

    void rmdir(Task task, int dirfd, PathWalk path);

    void rename(Task task, int oldDirfd, PathWalk oldPath, int newDirfd, PathWalk newPath, int flags);

    String readlink(Task task, int dirfd, PathWalk path, int walkFlags);

    void chdir(Task task, VfsPath path);

    void chroot(Task task, VfsPath path);

    /** The name of {@code path} as seen from the task's root; "(unreachable)" before it where that is the case, " (deleted)" behind it. Allocates. */
    String name(Task task, VfsPath path);

    void statfs(VfsPath path, Statfs statfs);

    byte[] getXattr(Task task, VfsPath path, String name);

    void setXattr(Task task, VfsPath path, String name, byte[] value, int flags);

    List<String> listXattr(Task task, VfsPath path);

    void removeXattr(Task task, VfsPath path, String name);

    /** The generic permission check: 0 or a negative errno. {@code mask}: 4 read, 2 write, 1 execute or search. */
    int permission(Credentials credentials, Inode inode, int mask);

    /** What the core's own part of a checkpoint begins with: the open file descriptions. */
    default void forEachRestorable(Consumer<? super Restorable> visitor) {}

    void sync();

    /** {@link FileSystem#reclaimPages} of all file systems. */
    default long reclaimPages(Cgroup container) {
        return 0;
    }

    // ---- mounts

    /** mount(2) with all its forms. */
    void mount(Task task, String source, VfsPath target, String type, long flags, String data);

    /** Mounts for the boot of a container: no permission is asked, every registered type may be used. */
    Mount mountAtBoot(MountNamespace namespace, Cgroup cgroup, String source, VfsPath target, String type, long flags,
            String data, Object attachment);

    /** Binds {@code what} at {@code target}, at boot. */
    Mount bindAtBoot(MountNamespace namespace, VfsPath what, VfsPath target, long flags);

    void umount(Task task, VfsPath target, int flags);

    /**
     * A mount of what lies at {@code path} that nobody sees, as an overlay has of its layers: the file system stays, whatever becomes
     * of the mount that it was found by. The caller {@link #endPrivateMount ends} it.
     */
    Mount newPrivateMount(Task task, VfsPath path);

    /** With no lock of the vfs held: the file system may end by that. */
    void endPrivateMount(Mount mount);

    void pivotRoot(Task task, VfsPath newRoot, VfsPath putOld);

    /** A namespace whose root is an instance of {@code type}. */
    MountNamespace newNamespace(Cgroup cgroup, String source, String type, long flags, String data, Object attachment);

    /** An instance of a file system that nobody sees: pipefs, or the layers of an overlay. */
    FileSystem newFileSystem(Cgroup cgroup, String source, String type, String data, Object attachment);

    List<FileSystemType> fileSystemTypes();

    /** A number for {@link FileSystem#device}. */
    long newDevice();

    // ---- locks: flock(2), POSIX and open file description locks of fcntl(2)

    long flock(Task task, FileDescription file, int operation);

    /** F_GETLK, F_SETLK, F_SETLKW and the OFD ones; {@code lock} is copied in already and receives F_GETLK's answer. */
    long lock(Task task, FileDescription file, int command, LockRequest lock);

    /** A lock of fcntl(2); start is absolute. */
    final class LockRequest {
        /** F_RDLCK, F_WRLCK, F_UNLCK. */
        public short type;
        public short whence;
        public long start;
        public long length;
        public int pid;
    }

    // ---- what the special descriptors answer beside FileOperations

    /** An epoll instance's operations. */
    @ProviderType
    interface Epoll extends FileOperations {
        /** Wakes the queue's next exclusive waiter after a {@link #collect} that left events: epoll_wait(2) waits for it too. */
        int MORE = Poll.POLLMSG;

        /** epoll_ctl(2). {@code events} and {@code data} as in struct epoll_event. */
        long control(Task task, FileDescription self, int operation, int fd, FileDescription target, int events, long data);

        /**
         * Up to {@code max} ready events, without waiting.
         *
         * @param events receives the event bits, {@code data} the data
         */
        int collect(int[] events, long[] data, int max);
    }

    /** A timerfd's operations. Times in ns of its clock. */
    @ProviderType
    interface TimerFd extends FileOperations {
        long settime(Task task, int flags, long valueNs, long intervalNs, long[] old);

        /** value (relative) and interval. */
        void gettime(long[] current);
    }

    /** A signalfd's operations. */
    @ProviderType
    interface SignalFd extends FileOperations {
        void setMask(long mask);

        /** A signal came for {@code task}: wake those who poll. */
        void notify(Task task, SignalInfo signal);
    }

    /** A memfd's operations: fcntl(2) F_ADD_SEALS, F_GET_SEALS. */
    @ProviderType
    interface Sealable {
        int seals();

        long addSeals(int seals);
    }

    /** A pipe end's operations. */
    @ProviderType
    interface Pipe extends FileOperations {
        /** F_GETPIPE_SZ. */
        int capacity();

        /** F_SETPIPE_SZ: the new capacity or a negative errno. */
        long setCapacity(int bytes);

        /** Bytes that can be read now: FIONREAD. */
        int available();

        /** Bytes that can be written now. */
        int room();

        /**
         * Held by each who takes bytes. Who looks at them first and drops what it has passed on holds it from {@link #peek} to
         * {@link #discard}, so that nobody else takes the same.
         */
        KillableLock taking();

        /** Copies what a read would take, and leaves it in the pipe (tee(2)); -EAGAIN, or 0 at the end. */
        long peek(IoBuffer target);

        /** Drops up to {@code bytes} from the front, after a {@link #peek} (splice(2)); how many. */
        long discard(long bytes);

        /** Whether {@code other} is an end of the same pipe. */
        boolean samePipe(Pipe other);

        /** The queue of both ends. */
        WaitQueue waitQueue();
    }
}
