// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.vfs.PathWalk;
import org.osgi.service.component.annotations.Component;

/** The system calls of files and descriptors: which number goes where. */
@Component(service = SyscallFamily.class)
public final class FsSyscalls implements SyscallFamily, SyscallHandler {

    private static final int CWD = Open.AT_FDCWD;

    private static final int[] NUMBERS = {
        SyscallNr.READ, SyscallNr.WRITE, SyscallNr.PREAD64, SyscallNr.PWRITE64, SyscallNr.READV, SyscallNr.WRITEV,
        SyscallNr.PREADV, SyscallNr.PWRITEV, SyscallNr.PREADV2, SyscallNr.PWRITEV2,
        SyscallNr.OPEN, SyscallNr.OPENAT, SyscallNr.OPENAT2, SyscallNr.CREAT, SyscallNr.CLOSE, SyscallNr.CLOSE_RANGE,
        SyscallNr.DUP, SyscallNr.DUP2, SyscallNr.DUP3, SyscallNr.FCNTL, SyscallNr.IOCTL, SyscallNr.FLOCK,
        SyscallNr.STAT, SyscallNr.LSTAT, SyscallNr.FSTAT, SyscallNr.NEWFSTATAT, SyscallNr.STATX, SyscallNr.ACCESS,
        SyscallNr.FACCESSAT, SyscallNr.FACCESSAT2, SyscallNr.READLINK, SyscallNr.READLINKAT, SyscallNr.STATFS,
        SyscallNr.FSTATFS,
        SyscallNr.GETDENTS, SyscallNr.GETDENTS64, SyscallNr.GETCWD, SyscallNr.CHDIR, SyscallNr.FCHDIR, SyscallNr.CHROOT,
        SyscallNr.UMASK,
        SyscallNr.MKDIR, SyscallNr.MKDIRAT, SyscallNr.MKNOD, SyscallNr.MKNODAT, SyscallNr.LINK, SyscallNr.LINKAT,
        SyscallNr.SYMLINK, SyscallNr.SYMLINKAT, SyscallNr.RENAME, SyscallNr.RENAMEAT, SyscallNr.RENAMEAT2, SyscallNr.UNLINK,
        SyscallNr.UNLINKAT, SyscallNr.RMDIR,
        SyscallNr.CHMOD, SyscallNr.FCHMODAT, SyscallNr.FCHMOD, SyscallNr.FCHMODAT2, SyscallNr.CHOWN, SyscallNr.LCHOWN,
        SyscallNr.FCHOWN, SyscallNr.FCHOWNAT, SyscallNr.UTIME, SyscallNr.UTIMES, SyscallNr.FUTIMESAT, SyscallNr.UTIMENSAT,
        SyscallNr.LSEEK, SyscallNr.TRUNCATE, SyscallNr.FTRUNCATE, SyscallNr.FALLOCATE, SyscallNr.FSYNC, SyscallNr.FDATASYNC,
        SyscallNr.SYNC, SyscallNr.SYNCFS, SyscallNr.SYNC_FILE_RANGE, SyscallNr.FADVISE64, SyscallNr.READAHEAD,
        SyscallNr.SENDFILE, SyscallNr.COPY_FILE_RANGE, SyscallNr.SPLICE, SyscallNr.TEE, SyscallNr.VMSPLICE,
        SyscallNr.POLL, SyscallNr.PPOLL, SyscallNr.SELECT, SyscallNr.PSELECT6, SyscallNr.EPOLL_CREATE, SyscallNr.EPOLL_CREATE1,
        SyscallNr.EPOLL_CTL, SyscallNr.EPOLL_WAIT, SyscallNr.EPOLL_PWAIT, SyscallNr.EPOLL_PWAIT2,
        SyscallNr.PIPE, SyscallNr.PIPE2, SyscallNr.EVENTFD, SyscallNr.EVENTFD2, SyscallNr.TIMERFD_CREATE,
        SyscallNr.TIMERFD_SETTIME, SyscallNr.TIMERFD_GETTIME, SyscallNr.SIGNALFD, SyscallNr.SIGNALFD4, SyscallNr.MEMFD_CREATE,
        SyscallNr.MOUNT, SyscallNr.UMOUNT2, SyscallNr.PIVOT_ROOT,
        SyscallNr.GETXATTR, SyscallNr.LGETXATTR, SyscallNr.FGETXATTR, SyscallNr.SETXATTR, SyscallNr.LSETXATTR,
        SyscallNr.FSETXATTR, SyscallNr.LISTXATTR, SyscallNr.LLISTXATTR, SyscallNr.FLISTXATTR, SyscallNr.REMOVEXATTR,
        SyscallNr.LREMOVEXATTR, SyscallNr.FREMOVEXATTR, SyscallNr.NAME_TO_HANDLE_AT, SyscallNr.OPEN_BY_HANDLE_AT,
    };

    @Override
    public String name() {
        return "fs";
    }

    @Override
    public int[] numbers() {
        return NUMBERS.clone();
    }

    @Override
    public SyscallHandler handler(int number) {
        return this;
    }

    @Override
    public long call(Task t, Arguments a) {
        return switch (a.number) {
            case SyscallNr.READ -> ReadWrite.read(t, a);
            case SyscallNr.WRITE -> ReadWrite.write(t, a);
            case SyscallNr.PREAD64 -> ReadWrite.pread(t, a);
            case SyscallNr.PWRITE64 -> ReadWrite.pwrite(t, a);
            case SyscallNr.READV -> ReadWrite.readv(t, a);
            case SyscallNr.WRITEV -> ReadWrite.writev(t, a);
            case SyscallNr.PREADV -> ReadWrite.preadv(t, a);
            case SyscallNr.PWRITEV -> ReadWrite.pwritev(t, a);
            case SyscallNr.PREADV2 -> ReadWrite.preadv2(t, a);
            case SyscallNr.PWRITEV2 -> ReadWrite.pwritev2(t, a);

            case SyscallNr.OPEN -> OpenClose.open(t, a);
            case SyscallNr.OPENAT -> OpenClose.openat(t, a);
            case SyscallNr.OPENAT2 -> OpenClose.openat2(t, a);
            case SyscallNr.CREAT -> OpenClose.creat(t, a);
            case SyscallNr.CLOSE -> OpenClose.close(t, a);
            case SyscallNr.CLOSE_RANGE -> OpenClose.closeRange(t, a);
            case SyscallNr.DUP -> OpenClose.dup(t, a);
            case SyscallNr.DUP2 -> OpenClose.dup2(t, a);
            case SyscallNr.DUP3 -> OpenClose.dup3(t, a);
            case SyscallNr.FCNTL -> Fcntl.fcntl(t, a);
            case SyscallNr.IOCTL -> Ioctl.ioctl(t, a);
            case SyscallNr.FLOCK -> Locks.flock(t, a);

            case SyscallNr.STAT -> Stats.stat(t, a);
            case SyscallNr.LSTAT -> Stats.lstat(t, a);
            case SyscallNr.FSTAT -> Stats.fstat(t, a);
            case SyscallNr.NEWFSTATAT -> Stats.newfstatat(t, a);
            case SyscallNr.STATX -> Stats.statx(t, a);
            case SyscallNr.ACCESS -> Stats.access(t, a);
            case SyscallNr.FACCESSAT -> Stats.faccessat(t, a);
            case SyscallNr.FACCESSAT2 -> Stats.faccessat2(t, a);
            case SyscallNr.READLINK -> Stats.readlink(t, a);
            case SyscallNr.READLINKAT -> Stats.readlinkat(t, a);
            case SyscallNr.STATFS -> Stats.statfs(t, a);
            case SyscallNr.FSTATFS -> Stats.fstatfs(t, a);

            case SyscallNr.GETDENTS -> Directories.getdents(t, a);
            case SyscallNr.GETDENTS64 -> Directories.getdents64(t, a);
            case SyscallNr.GETCWD -> Directories.getcwd(t, a);
            case SyscallNr.CHDIR -> Directories.chdir(t, a);
            case SyscallNr.FCHDIR -> Directories.fchdir(t, a);
            case SyscallNr.CHROOT -> Directories.chroot(t, a);
            case SyscallNr.UMASK -> Directories.umask(t, a);

            case SyscallNr.MKDIR -> Names.mkdir(t, CWD, a.a0, a.int1());
            case SyscallNr.MKDIRAT -> Names.mkdir(t, a.int0(), a.a1, a.int2());
            case SyscallNr.MKNOD -> Names.mknod(t, CWD, a.a0, a.int1(), a.int2());
            case SyscallNr.MKNODAT -> Names.mknod(t, a.int0(), a.a1, a.int2(), a.int3());
            case SyscallNr.LINK -> Names.link(t, CWD, a.a0, CWD, a.a1, 0);
            case SyscallNr.LINKAT -> Names.link(t, a.int0(), a.a1, a.int2(), a.a3, a.int4());
            case SyscallNr.SYMLINK -> Names.symlink(t, a.a0, CWD, a.a1);
            case SyscallNr.SYMLINKAT -> Names.symlink(t, a.a0, a.int1(), a.a2);
            case SyscallNr.RENAME -> Names.rename(t, CWD, a.a0, CWD, a.a1, 0);
            case SyscallNr.RENAMEAT -> Names.rename(t, a.int0(), a.a1, a.int2(), a.a3, 0);
            case SyscallNr.RENAMEAT2 -> Names.rename(t, a.int0(), a.a1, a.int2(), a.a3, a.int4());
            case SyscallNr.UNLINK -> Names.unlink(t, CWD, a.a0);
            case SyscallNr.UNLINKAT -> Names.unlinkat(t, a);
            case SyscallNr.RMDIR -> Names.rmdir(t, CWD, a.a0);

            case SyscallNr.CHMOD -> Attributes.chmod(t, CWD, a.a0, a.int1());
            case SyscallNr.FCHMODAT -> Attributes.chmod(t, a.int0(), a.a1, a.int2());
            case SyscallNr.FCHMOD -> Attributes.fchmod(t, a);
            case SyscallNr.FCHMODAT2 -> Attributes.fchmodat2(t, a);
            case SyscallNr.CHOWN -> Attributes.chown(t, CWD, a.a0, a.int1(), a.int2(), 0);
            case SyscallNr.LCHOWN -> Attributes.chown(t, CWD, a.a0, a.int1(), a.int2(), Open.AT_SYMLINK_NOFOLLOW);
            case SyscallNr.FCHOWN -> Attributes.fchown(t, a);
            case SyscallNr.FCHOWNAT -> Attributes.chown(t, a.int0(), a.a1, a.int2(), a.int3(), a.int4());
            case SyscallNr.UTIME -> Attributes.utime(t, a);
            case SyscallNr.UTIMES -> Attributes.utimes(t, CWD, a.a0, a.a1);
            case SyscallNr.FUTIMESAT -> Attributes.utimes(t, a.int0(), a.a1, a.a2);
            case SyscallNr.UTIMENSAT -> Attributes.utimensat(t, a);

            case SyscallNr.LSEEK -> Extents.lseek(t, a);
            case SyscallNr.TRUNCATE -> Extents.truncate(t, a);
            case SyscallNr.FTRUNCATE -> Extents.ftruncate(t, a);
            case SyscallNr.FALLOCATE -> Extents.fallocate(t, a);
            case SyscallNr.FSYNC -> Extents.fsync(t, a, false);
            case SyscallNr.FDATASYNC -> Extents.fsync(t, a, true);
            case SyscallNr.SYNC -> Extents.sync(t);
            case SyscallNr.SYNCFS -> Extents.syncfs(t, a);
            case SyscallNr.SYNC_FILE_RANGE -> Extents.syncFileRange(t, a);
            case SyscallNr.FADVISE64 -> Extents.fadvise(t, a);
            case SyscallNr.READAHEAD -> Extents.readahead(t, a);

            case SyscallNr.SENDFILE -> Transfers.sendfile(t, a);
            case SyscallNr.COPY_FILE_RANGE -> Transfers.copyFileRange(t, a);
            case SyscallNr.SPLICE -> Splices.splice(t, a);
            case SyscallNr.TEE -> Splices.tee(t, a);
            case SyscallNr.VMSPLICE -> Splices.vmsplice(t, a);

            case SyscallNr.POLL -> Polls.poll(t, a);
            case SyscallNr.PPOLL -> Polls.ppoll(t, a);
            case SyscallNr.SELECT -> Selects.select(t, a);
            case SyscallNr.PSELECT6 -> Selects.pselect6(t, a);
            case SyscallNr.EPOLL_CREATE -> Epolls.create(t, a);
            case SyscallNr.EPOLL_CREATE1 -> Epolls.create1(t, a);
            case SyscallNr.EPOLL_CTL -> Epolls.control(t, a);
            case SyscallNr.EPOLL_WAIT -> Epolls.await(t, a);
            case SyscallNr.EPOLL_PWAIT -> Epolls.pwait(t, a);
            case SyscallNr.EPOLL_PWAIT2 -> Epolls.pwait2(t, a);

            case SyscallNr.PIPE -> SpecialFiles.pipe(t, a);
            case SyscallNr.PIPE2 -> SpecialFiles.pipe2(t, a);
            case SyscallNr.EVENTFD -> SpecialFiles.eventfd(t, a);
            case SyscallNr.EVENTFD2 -> SpecialFiles.eventfd2(t, a);
            case SyscallNr.TIMERFD_CREATE -> SpecialFiles.timerfdCreate(t, a);
            case SyscallNr.TIMERFD_SETTIME -> SpecialFiles.timerfdSettime(t, a);
            case SyscallNr.TIMERFD_GETTIME -> SpecialFiles.timerfdGettime(t, a);
            case SyscallNr.SIGNALFD -> SpecialFiles.signalfd(t, a);
            case SyscallNr.SIGNALFD4 -> SpecialFiles.signalfd4(t, a);
            case SyscallNr.MEMFD_CREATE -> SpecialFiles.memfdCreate(t, a);

            case SyscallNr.MOUNT -> Mounts.mount(t, a);
            case SyscallNr.UMOUNT2 -> Mounts.umount2(t, a);
            case SyscallNr.PIVOT_ROOT -> Mounts.pivotRoot(t, a);

            case SyscallNr.GETXATTR -> Xattrs.get(t, a, PathWalk.FOLLOW);
            case SyscallNr.LGETXATTR -> Xattrs.get(t, a, 0);
            case SyscallNr.FGETXATTR -> Xattrs.fget(t, a);
            case SyscallNr.SETXATTR -> Xattrs.set(t, a, PathWalk.FOLLOW);
            case SyscallNr.LSETXATTR -> Xattrs.set(t, a, 0);
            case SyscallNr.FSETXATTR -> Xattrs.fset(t, a);
            case SyscallNr.LISTXATTR -> Xattrs.list(t, a, PathWalk.FOLLOW);
            case SyscallNr.LLISTXATTR -> Xattrs.list(t, a, 0);
            case SyscallNr.FLISTXATTR -> Xattrs.flist(t, a);
            case SyscallNr.REMOVEXATTR -> Xattrs.remove(t, a, PathWalk.FOLLOW);
            case SyscallNr.LREMOVEXATTR -> Xattrs.remove(t, a, 0);
            case SyscallNr.FREMOVEXATTR -> Xattrs.fremove(t, a);
            case SyscallNr.NAME_TO_HANDLE_AT -> Handles.nameToHandle(t, a);
            case SyscallNr.OPEN_BY_HANDLE_AT -> Handles.openByHandle(t);
            default -> -Errno.ENOSYS;
        };
    }
}
