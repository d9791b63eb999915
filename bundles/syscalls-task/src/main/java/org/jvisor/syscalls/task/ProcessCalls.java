// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.CloneArgsLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Kcmp;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Pidfd;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.RobustListHeadLayout;
import org.jvisor.api.abi.RusageLayout;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.PidFd;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;

/** How processes begin, end, are waited for and are grouped. */
final class ProcessCalls {

    private static final long NAMESPACES = Clone.CLONE_NEWNS | Clone.CLONE_NEWUTS | Clone.CLONE_NEWIPC;

    long fork(Task t) {
        return t.clone(new Task.CloneRequest(0, Signals.SIGCHLD, 0, 0, 0, 0, 0));
    }

    long vfork(Task t) {
        return t.clone(new Task.CloneRequest(Clone.CLONE_VFORK | Clone.CLONE_VM, Signals.SIGCHLD, 0, 0, 0, 0, 0));
    }

    /** clone(2) as x86-64 has it: flags, stack, parent_tid, child_tid, tls. */
    long clone(Task t, Arguments a) {
        long flags = a.a0 & 0xffffffffL & ~Clone.CSIGNAL;
        int signal = (int) (a.a0 & Clone.CSIGNAL);
        if ((flags & Clone.CLONE_PIDFD) != 0 && (flags & Clone.CLONE_PARENT_SETTID) != 0) {
            return -Errno.EINVAL;
        }
        long pidfd = (flags & Clone.CLONE_PIDFD) != 0 ? a.a2 : 0;
        return t.clone(new Task.CloneRequest(flags, signal, a.a1, a.a2, a.a3, a.a4, pidfd));
    }

    long clone3(Task t, Arguments a) {
        long size = a.a1;
        if (size > 4096) {
            return -Errno.E2BIG;
        }
        if (size < Clone.CLONE_ARGS_SIZE_VER0) {
            return -Errno.EINVAL;
        }
        byte[] b = t.scratch();
        Bytes.zero(b, 0, CloneArgsLayout.SIZE);
        t.memory().copyIn(a.a0, b, 0, (int) size);
        for (int i = CloneArgsLayout.SIZE; i < size; i++) {
            if (b[i] != 0) {
                return -Errno.E2BIG;
            }
        }
        long flags = CloneArgsLayout.flags(b, 0);
        long signal = CloneArgsLayout.exitSignal(b, 0);
        long stack = CloneArgsLayout.stack(b, 0);
        long stackSize = CloneArgsLayout.stackSize(b, 0);
        if ((flags & (Clone.CLONE_DETACHED | Clone.CSIGNAL & ~Clone.CLONE_NEWTIME)) != 0 || signal < 0 || signal > 64
                || (flags & (Clone.CLONE_THREAD | Clone.CLONE_PARENT)) != 0 && signal != 0
                || (stack == 0) != (stackSize == 0)) {
            return -Errno.EINVAL;
        }
        if (CloneArgsLayout.setTidSize(b, 0) != 0 || CloneArgsLayout.setTid(b, 0) != 0) {
            // Choosing ids is for checkpoint and restore from inside.
            return t.hasCapability(Capability.CAP_SYS_ADMIN) ? -Errno.EINVAL : -Errno.EPERM;
        }
        return t.clone(new Task.CloneRequest(flags, (int) signal, stack == 0 ? 0 : stack + stackSize,
                CloneArgsLayout.parentTid(b, 0), CloneArgsLayout.childTid(b, 0), CloneArgsLayout.tls(b, 0),
                CloneArgsLayout.pidfd(b, 0)));
    }

    long execve(Task t, Arguments a) {
        return exec(t, Open.AT_FDCWD, a.a0, a.a1, a.a2, 0);
    }

    long execveat(Task t, Arguments a) {
        int flags = a.int4();
        if ((flags & ~(Open.AT_EMPTY_PATH | Open.AT_SYMLINK_NOFOLLOW)) != 0) {
            return -Errno.EINVAL;
        }
        return exec(t, a.int0(), a.a1, a.a2, a.a3, flags);
    }

    private static long exec(Task t, int dirfd, long pathAddress, long argv, long envp, int flags) {
        PathWalk walk = t.walk().load(t, pathAddress);
        String path = walk.pathString();
        int follow = (flags & Open.AT_SYMLINK_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0;
        int empty = (flags & Open.AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY_PATH : 0;
        walk.resolve(t, dirfd, follow | empty);
        if (follow == 0 && Mode.isSymlink(walk.inode().mode())) {
            return -Errno.ELOOP;
        }
        FileDescription file = t.kernel().vfs().open(t, walk.path(), Vfs.OPEN_EXEC);
        try (ProgramStrings strings = new ProgramStrings(t)) {
            List<byte[]> arguments = strings.read(argv);
            List<byte[]> environment = strings.read(envp);
            if (arguments.isEmpty()) {
                arguments.add(new byte[0]);
            }
            boolean byDescriptor = dirfd != Open.AT_FDCWD && (path.isEmpty() || path.charAt(0) != '/');
            if (byDescriptor) {
                path = path.isEmpty() ? "/dev/fd/" + dirfd : "/dev/fd/" + dirfd + "/" + path;
            }
            boolean pathEnds = byDescriptor && t.files().getFlags(dirfd) == Open.FD_CLOEXEC;
            return t.exec(file, path, pathEnds, arguments, environment);
        } finally {
            file.release(t);
        }
    }

    long exit(Task t, Arguments a) {
        t.exit(Wait.exited(a.int0()));
        return 0;
    }

    long exitGroup(Task t, Arguments a) {
        t.exitGroup(Wait.exited(a.int0()));
        return 0;
    }

    long wait4(Task t, Arguments a) {
        int pid = a.int0();
        int options = a.int2();
        if ((options & ~(Wait.WNOHANG | Wait.WUNTRACED | Wait.WCONTINUED | Wait.WNOTHREAD | Wait.WALL | Wait.WCLONE)) != 0) {
            return -Errno.EINVAL;
        }
        if (pid == Integer.MIN_VALUE) {
            return -Errno.ESRCH;
        }
        int type = pid > 0 ? Wait.P_PID : pid == -1 ? Wait.P_ALL : Wait.P_PGID;
        int id = pid > 0 ? pid : pid == -1 ? 0 : pid == 0 ? t.group().processGroup().id() : -pid;
        ThreadGroup.WaitResult result = new ThreadGroup.WaitResult();
        long child = t.group().waitForChild(t, type, id, options | Wait.WEXITED, result);
        if (child > 0) {
            if (a.a1 != 0) {
                t.memory().putInt(a.a1, result.status);
            }
            if (a.a3 != 0) {
                putRusage(t, a.a3, result);
            }
        }
        return child;
    }

    long waitid(Task t, Arguments a) {
        int type = a.int0();
        int id = a.int1();
        int options = a.int3();
        int known = Wait.WNOHANG | Wait.WNOWAIT | Wait.WEXITED | Wait.WSTOPPED | Wait.WCONTINUED | Wait.WNOTHREAD | Wait.WALL
                | Wait.WCLONE;
        if ((options & ~known) != 0 || (options & (Wait.WEXITED | Wait.WSTOPPED | Wait.WCONTINUED)) == 0) {
            return -Errno.EINVAL;
        }
        switch (type) {
            case Wait.P_ALL -> id = 0;
            case Wait.P_PID -> {
                if (id <= 0) {
                    return -Errno.EINVAL;
                }
            }
            case Wait.P_PGID -> {
                if (id < 0) {
                    return -Errno.EINVAL;
                }
                if (id == 0) {
                    id = t.group().processGroup().id();
                }
            }
            case Wait.P_PIDFD -> {
                if (id < 0) {
                    return -Errno.EINVAL;
                }
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
        ThreadGroup.WaitResult result = new ThreadGroup.WaitResult();
        long child = t.group().waitForChild(t, type, id, options, result);
        if (child < 0) {
            return child;
        }
        if (child > 0 && a.a4 != 0) {
            putRusage(t, a.a4, result);
        }
        if (a.a2 != 0) {
            byte[] b = t.scratch();
            Bytes.zero(b, 0, SiginfoLayout.SIZE);
            if (child > 0) {
                SiginfoLayout.signo(b, 0, Signals.SIGCHLD);
                SiginfoLayout.code(b, 0, result.code);
                SiginfoLayout.pid(b, 0, result.pid);
                SiginfoLayout.uid(b, 0, result.uid);
                SiginfoLayout.status(b, 0, result.signalStatus);
            }
            t.memory().copyOut(b, 0, SiginfoLayout.SIZE, a.a2);
        }
        return 0;
    }

    private static void putRusage(Task t, long address, ThreadGroup.WaitResult result) {
        byte[] b = t.scratch();
        Bytes.zero(b, 0, RusageLayout.SIZE);
        TimevalLayout.putNs(b, RusageLayout.UTIME, result.userTimeNs);
        TimevalLayout.putNs(b, RusageLayout.STIME, result.systemTimeNs);
        RusageLayout.maxrss(b, 0, result.peakResidentBytes >> 10);
        ResourceCalls.putUsage(b, result.usage);
        t.memory().copyOut(b, 0, RusageLayout.SIZE, address);
    }

    long getppid(Task t) {
        ThreadGroup parent = t.group().parent();
        return parent == null ? 0 : parent.pid();
    }

    long getpgid(Task t, int pid) {
        ThreadGroup group = pid == 0 ? t.group() : t.pidNamespace().threadGroup(pid);
        return group == null ? -Errno.ESRCH : group.processGroup().id();
    }

    long getsid(Task t, int pid) {
        ThreadGroup group = pid == 0 ? t.group() : t.pidNamespace().threadGroup(pid);
        return group == null ? -Errno.ESRCH : group.session().id();
    }

    long setpgid(Task t, Arguments a) {
        int pid = a.int0();
        int pgid = a.int1();
        if (pgid < 0) {
            return -Errno.EINVAL;
        }
        ThreadGroup group = pid == 0 ? t.group() : t.pidNamespace().threadGroup(pid);
        if (group == null || pid < 0) {
            return -Errno.ESRCH;
        }
        return group.setProcessGroup(t.group(), pgid == 0 ? group.pid() : pgid);
    }

    long setTidAddress(Task t, Arguments a) {
        t.setClearChildTid(a.a0);
        return t.tid();
    }

    long setRobustList(Task t, Arguments a) {
        if (a.a1 != RobustListHeadLayout.SIZE) {
            return -Errno.EINVAL;
        }
        t.setRobustList(a.a0);
        return 0;
    }

    long getRobustList(Task t, Arguments a) {
        Task other = a.int0() == 0 ? t : t.pidNamespace().task(a.int0());
        if (other == null) {
            return -Errno.ESRCH;
        }
        if (other.group() != t.group() && !SignalCalls.sameUser(t, other) && !t.hasCapability(Capability.CAP_SYS_PTRACE)) {
            return -Errno.EPERM;
        }
        t.memory().putLong(a.a2, RobustListHeadLayout.SIZE);
        t.memory().putLong(a.a1, other.robustList());
        return 0;
    }

    /** unshare(2) for what a sandbox has kinds of: files, fs and the mount, UTS and IPC namespaces. */
    long unshare(Task t, Arguments a) {
        long flags = a.a0 & 0xffffffffL;
        long own = Clone.CLONE_FILES | Clone.CLONE_FS | Clone.CLONE_SYSVSEM | NAMESPACES;
        long alone = Clone.CLONE_THREAD | Clone.CLONE_SIGHAND | Clone.CLONE_VM;
        if ((flags & ~(own | alone)) != 0) {
            return -Errno.EINVAL;
        }
        if ((flags & alone) != 0 && t.group().taskCount() > 1) {
            return -Errno.EINVAL;
        }
        if ((flags & NAMESPACES) != 0 && !t.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        if ((flags & (Clone.CLONE_FS | Clone.CLONE_NEWNS)) != 0) {
            t.setFs(t.fs().copy());
        }
        if ((flags & NAMESPACES) != 0) {
            t.unshareNamespaces(flags);
        }
        if ((flags & Clone.CLONE_FILES) != 0) {
            FdTable old = t.files();
            t.setFiles(old.copy(t.cgroup()));
            old.release(t);
        }
        return 0;
    }

    long pidfdOpen(Task t, Arguments a) {
        if (a.int0() <= 0 || (a.int1() & ~Pidfd.PIDFD_NONBLOCK) != 0) {
            return -Errno.EINVAL;
        }
        ThreadGroup group = t.pidNamespace().threadGroup(a.int0());
        if (group == null) {
            // A thread that does not lead its process has no pidfd.
            return t.pidNamespace().task(a.int0()) == null ? -Errno.ESRCH : -Errno.EINVAL;
        }
        return enter(t, group.newPidFd(a.int1()));
    }

    private static long enter(Task t, FileDescription file) {
        int fd = t.files().add(file, 0, t.group().softLimit(Rlimit.RLIMIT_NOFILE), true);
        if (fd < 0) {
            file.release(t);
        }
        return fd;
    }

    long pidfdGetfd(Task t, Arguments a) {
        if (a.int2() != 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = t.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            if (!(file.operations() instanceof PidFd pidfd)) {
                return -Errno.EBADF;
            }
            Task other = pidfd.group().zombie() ? null : pidfd.group().leader();
            FdTable files = other == null ? null : other.files();
            if (files == null) {
                return -Errno.ESRCH;
            }
            if (!SignalCalls.sameUser(t, other) && !t.hasCapability(Capability.CAP_SYS_PTRACE)) {
                return -Errno.EPERM;
            }
            FileDescription theirs = files.acquire(a.int1());
            return theirs == null ? -Errno.EBADF : enter(t, theirs);
        } finally {
            file.release(t);
        }
    }

    /** kcmp(2): an order of kernel objects that is arbitrary but fixed. */
    long kcmp(Task t, Arguments a) {
        Task first = t.pidNamespace().task(a.int0());
        Task second = t.pidNamespace().task(a.int1());
        if (first == null || second == null) {
            return -Errno.ESRCH;
        }
        if (!t.hasCapability(Capability.CAP_SYS_PTRACE)
                && !(SignalCalls.sameUser(t, first) && SignalCalls.sameUser(t, second))) {
            return -Errno.EPERM;
        }
        return switch (a.int2()) {
            case Kcmp.KCMP_FILE -> {
                FileDescription one = first.files().acquire(a.int3());
                FileDescription two = second.files().acquire(a.int4());
                try {
                    yield one == null || two == null ? -Errno.EBADF : order(one, two);
                } finally {
                    if (one != null) {
                        one.release(t);
                    }
                    if (two != null) {
                        two.release(t);
                    }
                }
            }
            case Kcmp.KCMP_VM -> order(first.mm(), second.mm());
            case Kcmp.KCMP_FILES -> order(first.files(), second.files());
            case Kcmp.KCMP_FS -> order(first.fs(), second.fs());
            case Kcmp.KCMP_SIGHAND -> order(first.group(), second.group());
            case Kcmp.KCMP_IO, Kcmp.KCMP_SYSVSEM -> order(first, second);
            default -> -Errno.EINVAL;
        };
    }

    private static long order(Object one, Object two) {
        if (one == two) {
            return 0;
        }
        int difference = Integer.compare(System.identityHashCode(one), System.identityHashCode(two));
        return difference < 0 ? 1 : difference > 0 ? 2 : 3;
    }
}
