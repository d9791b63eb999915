// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.PathWalk;

/** mount(2), umount(2) and pivot_root(2). */
final class Mounts {

    private static final int DATA_BYTES = 4096;

    private Mounts() {
    }

    static long mount(Task task, Arguments a) {
        String type = string(task, a.a2);
        String source = string(task, a.a0);
        String data = a.a4 == 0 ? null : data(task, a.a4);
        PathWalk target = task.walk().load(task, a.a1);
        target.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
        if (!task.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        long flags = a.a3;
        if ((flags & Mount.MS_MGC_MSK & 0xffff_ffffL) == (Mount.MS_MGC_VAL & 0xffff_ffffL)) {
            flags &= ~(Mount.MS_MGC_MSK & 0xffff_ffffL);
        }
        task.kernel().vfs().mount(task, source, target.path(), type, flags, data);
        return 0;
    }

    private static String string(Task task, long address) {
        return address == 0 ? null : task.memory().getString(address, Open.PATH_MAX - 1);
    }

    /** A page of options, or what of it is there (mount(2)). */
    private static String data(Task task, long address) {
        byte[] b = task.scratch();
        int length = (int) task.memory().tryCopyIn(address, b, 0, DATA_BYTES);
        if (length == 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return Bytes.getString(b, 0, length);
    }

    static long umount2(Task task, Arguments a) {
        int flags = a.int1();
        if ((flags & ~(Mount.MNT_FORCE | Mount.MNT_DETACH | Mount.MNT_EXPIRE | Mount.UMOUNT_NOFOLLOW)) != 0
                || (flags & Mount.MNT_EXPIRE) != 0 && (flags & (Mount.MNT_FORCE | Mount.MNT_DETACH)) != 0) {
            return -Errno.EINVAL;
        }
        PathWalk target = task.walk().load(task, a.a0);
        target.resolve(task, Open.AT_FDCWD, (flags & Mount.UMOUNT_NOFOLLOW) != 0 ? 0 : PathWalk.FOLLOW);
        if (!task.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        task.kernel().vfs().umount(task, target.path(), flags);
        return 0;
    }

    static long pivotRoot(Task task, Arguments a) {
        if (!task.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        PathWalk newRoot = task.walk().load(task, a.a0);
        newRoot.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        PathWalk putOld = task.walk2().load(task, a.a1);
        putOld.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        task.kernel().vfs().pivotRoot(task, newRoot.path(), putOld.path());
        return 0;
    }
}
