// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.PathWalk;

/** name_to_handle_at(2) and open_by_handle_at(2): no file system here makes handles. */
final class Handles {

    private Handles() {
    }

    static long nameToHandle(Task task, Arguments a) {
        int flags = a.int4();
        if ((flags & ~(Open.AT_SYMLINK_FOLLOW | Open.AT_EMPTY_PATH)) != 0) {
            return -Errno.EINVAL;
        }
        int walkFlags = ((flags & Open.AT_SYMLINK_FOLLOW) != 0 ? PathWalk.FOLLOW : 0)
                | ((flags & Open.AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY_PATH : 0);
        task.walk().load(task, a.a1).resolve(task, a.int0(), walkFlags);
        return -Errno.EOPNOTSUPP;
    }

    static long openByHandle(Task task) {
        return task.hasCapability(Capability.CAP_DAC_READ_SEARCH) ? -Errno.EOPNOTSUPP : -Errno.EPERM;
    }
}
