// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** mmap(2) and what else takes or makes descriptors. */
final class Mappings {

    long mmap(Task t, Arguments a) {
        int flags = a.int3();
        if ((flags & Mman.MAP_ANONYMOUS) != 0) {
            return t.mm().mmap(t, a.a0, a.a1, a.int2(), flags, null, a.a5);
        }
        FileDescription file = t.files().acquire(a.int4());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            if ((file.flags() & Open.O_PATH) != 0) {
                return -Errno.EBADF;
            }
            return t.mm().mmap(t, a.a0, a.a1, a.int2(), flags, file, a.a5);
        } finally {
            file.release(t);
        }
    }

    /**
     * Linux emulates this call by mapping anew; programs stopped using it long before. It is refused as for a range that is not
     * one shared file mapping.
     */
    long remapFilePages(Task t, Arguments a) {
        return -Errno.EINVAL;
    }

    long pkeyAlloc(Arguments a) {
        int unknown = a.int1() & ~(Mman.PKEY_DISABLE_ACCESS | Mman.PKEY_DISABLE_WRITE);
        // pkey_alloc(2): ENOSPC also where processor or kernel have no protection keys.
        return a.int0() != 0 || unknown != 0 ? -Errno.EINVAL : -Errno.ENOSPC;
    }
}
