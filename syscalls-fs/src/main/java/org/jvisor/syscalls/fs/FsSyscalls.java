// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import static org.jvisor.api.abi.SyscallNr.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.vfs.PathWalk;
import org.osgi.service.component.annotations.Component;

/** The system calls of files and descriptors: which number goes where. */
@Component(service = SyscallFamily.class)
public final class FsSyscalls implements SyscallFamily, SyscallHandler {

    private static final int CWD = Open.AT_FDCWD;

    @Override
    public String name() {
        return "fs";
    }

    @Override
    public CallTable calls() {
        return new CallTable(this)
                .full(
                        READ, WRITE, PREAD64, PWRITE64, READV, WRITEV, PREADV, PWRITEV, OPEN, OPENAT, CREAT, CLOSE,
                        CLOSE_RANGE, DUP, DUP2, DUP3, FLOCK, STAT, LSTAT, FSTAT, NEWFSTATAT, ACCESS, FACCESSAT, FACCESSAT2,
                        READLINK, READLINKAT, STATFS, FSTATFS, GETDENTS, GETDENTS64, GETCWD, CHDIR, FCHDIR, CHROOT, UMASK,
                        MKDIR, MKDIRAT, MKNOD, MKNODAT, LINK, LINKAT, SYMLINK, SYMLINKAT, RENAME, RENAMEAT, RENAMEAT2, UNLINK,
                        UNLINKAT, RMDIR, CHMOD, FCHMODAT, FCHMOD, FCHMODAT2, CHOWN, LCHOWN, FCHOWN, FCHOWNAT, UTIME, UTIMES,
                        FUTIMESAT, UTIMENSAT, LSEEK, TRUNCATE, FTRUNCATE, FSYNC, FDATASYNC, SYNC, SYNCFS, SENDFILE,
                        COPY_FILE_RANGE, SPLICE, TEE, POLL, PPOLL, SELECT, PSELECT6, EPOLL_CREATE, EPOLL_CREATE1, EPOLL_CTL,
                        EPOLL_WAIT, EPOLL_PWAIT, EPOLL_PWAIT2, PIPE, PIPE2, EVENTFD, EVENTFD2, TIMERFD_CREATE, TIMERFD_SETTIME,
                        TIMERFD_GETTIME, SIGNALFD, SIGNALFD4, UMOUNT2, PIVOT_ROOT, LISTXATTR, LLISTXATTR, FLISTXATTR,
                        REMOVEXATTR, LREMOVEXATTR, FREMOVEXATTR)
                .partial(PREADV2, "RWF_HIPRI and flags newer than RWF_APPEND: EOPNOTSUPP or no effect.")
                .partial(PWRITEV2, "RWF_HIPRI and flags newer than RWF_APPEND: EOPNOTSUPP or no effect.")
                .partial(OPENAT2, "RESOLVE_CACHED always answers EAGAIN.")
                .partial(FCNTL, "No leases, no F_NOTIFY; write hints are taken and not kept.")
                .partial(IOCTL, "What the descriptor knows; no FICLONE, FIDEDUPERANGE, FS_IOC_FIEMAP.")
                .partial(STATX, "No STATX_MNT_ID_UNIQUE, no DIO alignment.")
                .partial(FALLOCATE, "Which modes work is up to the file system.")
                .partial(SYNC_FILE_RANGE, "Writes all of the file through.")
                .partial(FADVISE64, "Arguments are checked; advice has no effect.")
                .partial(READAHEAD, "Arguments are checked; nothing is read ahead.")
                .partial(VMSPLICE, "Copies, also with SPLICE_F_GIFT.")
                .partial(MEMFD_CREATE, "MFD_HUGETLB answers ENOSYS.")
                .partial(MOUNT, "File systems of bundles only; no device is mounted.")
                .partial(GETXATTR, "No access control lists.")
                .partial(LGETXATTR, "No access control lists.")
                .partial(FGETXATTR, "No access control lists.")
                .partial(SETXATTR, "No access control lists.")
                .partial(LSETXATTR, "No access control lists.")
                .partial(FSETXATTR, "No access control lists.")
                .partial(NAME_TO_HANDLE_AT, "No file system makes handles: EOPNOTSUPP.")
                .partial(OPEN_BY_HANDLE_AT, "No file system makes handles: EOPNOTSUPP.");
    }

    @Override
    public long call(Task t, Arguments a) {
        return switch (a.number) {
            case READ -> ReadWrite.read(t, a);
            case WRITE -> ReadWrite.write(t, a);
            case PREAD64 -> ReadWrite.pread(t, a);
            case PWRITE64 -> ReadWrite.pwrite(t, a);
            case READV -> ReadWrite.readv(t, a);
            case WRITEV -> ReadWrite.writev(t, a);
            case PREADV -> ReadWrite.preadv(t, a);
            case PWRITEV -> ReadWrite.pwritev(t, a);
            case PREADV2 -> ReadWrite.preadv2(t, a);
            case PWRITEV2 -> ReadWrite.pwritev2(t, a);

            case OPEN -> OpenClose.open(t, a);
            case OPENAT -> OpenClose.openat(t, a);
            case OPENAT2 -> OpenClose.openat2(t, a);
            case CREAT -> OpenClose.creat(t, a);
            case CLOSE -> OpenClose.close(t, a);
            case CLOSE_RANGE -> OpenClose.closeRange(t, a);
            case DUP -> OpenClose.dup(t, a);
            case DUP2 -> OpenClose.dup2(t, a);
            case DUP3 -> OpenClose.dup3(t, a);
            case FCNTL -> Fcntl.fcntl(t, a);
            case IOCTL -> Ioctl.ioctl(t, a);
            case FLOCK -> Locks.flock(t, a);

            case STAT -> Stats.stat(t, a);
            case LSTAT -> Stats.lstat(t, a);
            case FSTAT -> Stats.fstat(t, a);
            case NEWFSTATAT -> Stats.newfstatat(t, a);
            case STATX -> Stats.statx(t, a);
            case ACCESS -> Stats.access(t, a);
            case FACCESSAT -> Stats.faccessat(t, a);
            case FACCESSAT2 -> Stats.faccessat2(t, a);
            case READLINK -> Stats.readlink(t, a);
            case READLINKAT -> Stats.readlinkat(t, a);
            case STATFS -> Stats.statfs(t, a);
            case FSTATFS -> Stats.fstatfs(t, a);

            case GETDENTS -> Directories.getdents(t, a);
            case GETDENTS64 -> Directories.getdents64(t, a);
            case GETCWD -> Directories.getcwd(t, a);
            case CHDIR -> Directories.chdir(t, a);
            case FCHDIR -> Directories.fchdir(t, a);
            case CHROOT -> Directories.chroot(t, a);
            case UMASK -> Directories.umask(t, a);

            case MKDIR -> Names.mkdir(t, CWD, a.a0, a.int1());
            case MKDIRAT -> Names.mkdir(t, a.int0(), a.a1, a.int2());
            case MKNOD -> Names.mknod(t, CWD, a.a0, a.int1(), a.int2());
            case MKNODAT -> Names.mknod(t, a.int0(), a.a1, a.int2(), a.int3());
            case LINK -> Names.link(t, CWD, a.a0, CWD, a.a1, 0);
            case LINKAT -> Names.link(t, a.int0(), a.a1, a.int2(), a.a3, a.int4());
            case SYMLINK -> Names.symlink(t, a.a0, CWD, a.a1);
            case SYMLINKAT -> Names.symlink(t, a.a0, a.int1(), a.a2);
            case RENAME -> Names.rename(t, CWD, a.a0, CWD, a.a1, 0);
            case RENAMEAT -> Names.rename(t, a.int0(), a.a1, a.int2(), a.a3, 0);
            case RENAMEAT2 -> Names.rename(t, a.int0(), a.a1, a.int2(), a.a3, a.int4());
            case UNLINK -> Names.unlink(t, CWD, a.a0);
            case UNLINKAT -> Names.unlinkat(t, a);
            case RMDIR -> Names.rmdir(t, CWD, a.a0);

            case CHMOD -> Attributes.chmod(t, CWD, a.a0, a.int1());
            case FCHMODAT -> Attributes.chmod(t, a.int0(), a.a1, a.int2());
            case FCHMOD -> Attributes.fchmod(t, a);
            case FCHMODAT2 -> Attributes.fchmodat2(t, a);
            case CHOWN -> Attributes.chown(t, CWD, a.a0, a.int1(), a.int2(), 0);
            case LCHOWN -> Attributes.chown(t, CWD, a.a0, a.int1(), a.int2(), Open.AT_SYMLINK_NOFOLLOW);
            case FCHOWN -> Attributes.fchown(t, a);
            case FCHOWNAT -> Attributes.chown(t, a.int0(), a.a1, a.int2(), a.int3(), a.int4());
            case UTIME -> Attributes.utime(t, a);
            case UTIMES -> Attributes.utimes(t, CWD, a.a0, a.a1);
            case FUTIMESAT -> Attributes.utimes(t, a.int0(), a.a1, a.a2);
            case UTIMENSAT -> Attributes.utimensat(t, a);

            case LSEEK -> Extents.lseek(t, a);
            case TRUNCATE -> Extents.truncate(t, a);
            case FTRUNCATE -> Extents.ftruncate(t, a);
            case FALLOCATE -> Extents.fallocate(t, a);
            case FSYNC -> Extents.fsync(t, a, false);
            case FDATASYNC -> Extents.fsync(t, a, true);
            case SYNC -> Extents.sync(t);
            case SYNCFS -> Extents.syncfs(t, a);
            case SYNC_FILE_RANGE -> Extents.syncFileRange(t, a);
            case FADVISE64 -> Extents.fadvise(t, a);
            case READAHEAD -> Extents.readahead(t, a);

            case SENDFILE -> Transfers.sendfile(t, a);
            case COPY_FILE_RANGE -> Transfers.copyFileRange(t, a);
            case SPLICE -> Splices.splice(t, a);
            case TEE -> Splices.tee(t, a);
            case VMSPLICE -> Splices.vmsplice(t, a);

            case POLL -> Polls.poll(t, a);
            case PPOLL -> Polls.ppoll(t, a);
            case SELECT -> Selects.select(t, a);
            case PSELECT6 -> Selects.pselect6(t, a);
            case EPOLL_CREATE -> Epolls.create(t, a);
            case EPOLL_CREATE1 -> Epolls.create1(t, a);
            case EPOLL_CTL -> Epolls.control(t, a);
            case EPOLL_WAIT -> Epolls.await(t, a);
            case EPOLL_PWAIT -> Epolls.pwait(t, a);
            case EPOLL_PWAIT2 -> Epolls.pwait2(t, a);

            case PIPE -> SpecialFiles.pipe(t, a);
            case PIPE2 -> SpecialFiles.pipe2(t, a);
            case EVENTFD -> SpecialFiles.eventfd(t, a);
            case EVENTFD2 -> SpecialFiles.eventfd2(t, a);
            case TIMERFD_CREATE -> SpecialFiles.timerfdCreate(t, a);
            case TIMERFD_SETTIME -> SpecialFiles.timerfdSettime(t, a);
            case TIMERFD_GETTIME -> SpecialFiles.timerfdGettime(t, a);
            case SIGNALFD -> SpecialFiles.signalfd(t, a);
            case SIGNALFD4 -> SpecialFiles.signalfd4(t, a);
            case MEMFD_CREATE -> SpecialFiles.memfdCreate(t, a);

            case MOUNT -> Mounts.mount(t, a);
            case UMOUNT2 -> Mounts.umount2(t, a);
            case PIVOT_ROOT -> Mounts.pivotRoot(t, a);

            case GETXATTR -> Xattrs.get(t, a, PathWalk.FOLLOW);
            case LGETXATTR -> Xattrs.get(t, a, 0);
            case FGETXATTR -> Xattrs.fget(t, a);
            case SETXATTR -> Xattrs.set(t, a, PathWalk.FOLLOW);
            case LSETXATTR -> Xattrs.set(t, a, 0);
            case FSETXATTR -> Xattrs.fset(t, a);
            case LISTXATTR -> Xattrs.list(t, a, PathWalk.FOLLOW);
            case LLISTXATTR -> Xattrs.list(t, a, 0);
            case FLISTXATTR -> Xattrs.flist(t, a);
            case REMOVEXATTR -> Xattrs.remove(t, a, PathWalk.FOLLOW);
            case LREMOVEXATTR -> Xattrs.remove(t, a, 0);
            case FREMOVEXATTR -> Xattrs.fremove(t, a);
            case NAME_TO_HANDLE_AT -> Handles.nameToHandle(t, a);
            case OPEN_BY_HANDLE_AT -> Handles.openByHandle(t);
            default -> -Errno.ENOSYS;
        };
    }
}
