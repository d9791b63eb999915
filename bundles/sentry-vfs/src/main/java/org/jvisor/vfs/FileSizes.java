// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** How large files may become: RLIMIT_FSIZE of getrlimit(2). */
final class FileSizes {

    /** @return how many of {@code length} bytes may be written at {@code offset}, or -EFBIG, with SIGXFSZ */
    static long allowed(Task task, Inode inode, long offset, long length) {
        long limit = task.group().softLimit(Rlimit.RLIMIT_FSIZE);
        if (limit < 0) {
            return length; // beyond what an offset can be, as RLIM_INFINITY is
        }
        long at = offset == FileOperations.APPEND ? inode.size() : offset;
        return at >= limit ? refuse(task) : Math.min(limit - at, length);
    }

    /** Whether a file may be made {@code size} bytes long: 0 or -EFBIG. */
    static long checkSize(Task task, long size) {
        long limit = task.group().softLimit(Rlimit.RLIMIT_FSIZE);
        return limit >= 0 && size > limit ? refuse(task) : 0;
    }

    private static long refuse(Task task) {
        task.send(SignalInfo.user(Signals.SIGXFSZ, task));
        return -Errno.EFBIG;
    }

    private FileSizes() {
    }
}
