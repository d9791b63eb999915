// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.PidFd;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** Calls about the memory of another process: process_vm_readv(2), process_vm_writev(2), process_madvise(2). */
final class OtherProcesses {

    private static final int IOV_MAX = 1024;

    /** A call that had moved bytes when its handler was replaced goes on, or ends with them if that cannot be. */
    long transfer(Task t, Arguments a, boolean write) {
        return transfer(t, a, write, t.call().done());
    }

    private static long transfer(Task t, Arguments a, boolean write, long before) {
        long localCount = a.a2;
        long remoteCount = a.a4;
        if (a.a5 != 0 || localCount < 0 || localCount > IOV_MAX || remoteCount < 0 || remoteCount > IOV_MAX) {
            return -Errno.EINVAL;
        }
        IoBuffer local = t.memory().vector(a.a1, (int) localCount, !write);
        byte[] remote = new byte[(int) remoteCount * IovecLayout.SIZE];
        t.memory().copyIn(a.a3, remote, 0, remote.length);
        for (int i = 0; i < remoteCount; i++) {
            if (IovecLayout.len(remote, i * IovecLayout.SIZE) < 0) {
                return -Errno.EINVAL;
            }
        }
        if (local.remaining() == 0 || remoteCount == 0) {
            return 0;
        }
        if (!local.skip(Math.min(before, local.remaining()))) {
            return -Errno.EFAULT;
        }
        Task target = t.pidNamespace().task(a.int0());
        if (target == null || target.container() != t.container()) {
            return -Errno.ESRCH;
        }
        if (!mayAccess(t, target)) {
            return -Errno.EPERM;
        }
        MemoryManager mm = target.mm();
        if (mm == null || !mm.tryRetain()) {
            return -Errno.ESRCH;
        }
        try {
            return transfer(t, local, mm.newUserMemory(t), remote, write, before);
        } finally {
            mm.release(t);
        }
    }

    private static long transfer(Task t, IoBuffer local, UserMemory other, byte[] remote, boolean write, long before) {
        byte[] bounce = t.scratch();
        long total = before;
        long passed = 0;
        for (int i = 0; i < remote.length && local.remaining() > 0; i += IovecLayout.SIZE) {
            long address = IovecLayout.base(remote, i);
            long length = IovecLayout.len(remote, i);
            long skipped = Math.min(before - passed, length);
            passed += skipped;
            for (long done = skipped; done < length && local.remaining() > 0;) {
                int n = (int) Math.min(Math.min(bounce.length, length - done), local.remaining());
                long moved = write ? local.get(bounce, 0, n) : other.tryCopyIn(address + done, bounce, 0, n);
                if (moved > 0) {
                    moved = write ? other.tryCopyOut(bounce, 0, (int) moved, address + done)
                            : local.put(bounce, 0, (int) moved);
                }
                if (moved <= 0) {
                    return total > 0 ? total : -Errno.EFAULT;
                }
                total += moved;
                done += moved;
                if (moved < n || t.exiting()) {
                    return total;
                }
                if (t.interrupted() && isUnfinished(remote, i, length - done, local)) {
                    long result = t.call().cutShort(total);
                    if (result < 0) {
                        return result;
                    }
                    // A signal alone cuts nothing short.
                }
            }
        }
        return total;
    }

    private static boolean isUnfinished(byte[] remote, int at, long left, IoBuffer local) {
        return local.remaining() > 0 && (left > 0 || at + IovecLayout.SIZE < remote.length);
    }

    /** ptrace(2), "Ptrace access mode checking", PTRACE_MODE_ATTACH_REALCREDS. */
    private static boolean mayAccess(Task caller, Task target) {
        if (caller.group() == target.group() || caller.hasCapability(Capability.CAP_SYS_PTRACE)) {
            return true;
        }
        Credentials c = caller.credentials();
        Credentials o = target.credentials();
        boolean sameUser = c.uid() == o.euid() && c.uid() == o.suid() && c.uid() == o.uid();
        boolean sameGroup = c.gid() == o.egid() && c.gid() == o.sgid() && c.gid() == o.gid();
        return sameUser && sameGroup && target.group().dumpable() == 1 && (o.permitted() & ~c.permitted()) == 0;
    }

    long madvise(Task t, Arguments a) {
        if (a.int4() != 0 || a.a2 < 0 || a.a2 > IOV_MAX) {
            return -Errno.EINVAL;
        }
        ThreadGroup group = byPidfd(t, a.int0());
        byte[] ranges = new byte[(int) a.a2 * IovecLayout.SIZE];
        t.memory().copyIn(a.a1, ranges, 0, ranges.length);
        Task target = group.leader();
        if (!mayAccess(t, target)) {
            return -Errno.EPERM;
        }
        switch (a.int3()) {
            case Mman.MADV_COLD, Mman.MADV_PAGEOUT, Mman.MADV_WILLNEED -> { }
            default -> {
                return -Errno.EINVAL;
            }
        }
        if (group != t.group() && !t.hasCapability(Capability.CAP_SYS_NICE)) {
            return -Errno.EPERM;
        }
        MemoryManager mm = target.mm();
        if (mm == null || !mm.tryRetain()) {
            return -Errno.ESRCH;
        }
        try {
            return madvise(t, mm, ranges, a.int3());
        } finally {
            mm.release(t);
        }
    }

    private static long madvise(Task t, MemoryManager mm, byte[] ranges, int advice) {
        long total = 0;
        for (int i = 0; i < ranges.length; i += IovecLayout.SIZE) {
            long length = IovecLayout.len(ranges, i);
            long result = mm.madvise(t, IovecLayout.base(ranges, i), length, advice);
            if (result < 0) {
                return total > 0 ? total : result;
            }
            total += length;
        }
        return total;
    }

    /** process_mrelease(2): the memory of a process that is being killed goes with it anyway. */
    long mrelease(Task t, Arguments a) {
        if (a.int1() != 0) {
            return -Errno.EINVAL;
        }
        ThreadGroup group = byPidfd(t, a.int0());
        Task leader = group.leader();
        return leader != null && !leader.exiting() && !group.zombie() ? -Errno.EINVAL : 0;
    }

    private static ThreadGroup byPidfd(Task t, int fd) {
        FileDescription file = t.files().acquire(fd);
        if (file == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        try {
            if (!(file.operations() instanceof PidFd pidFd)) {
                throw ErrnoException.of(Errno.EBADF);
            }
            return pidFd.group();
        } finally {
            file.release(t);
        }
    }
}
