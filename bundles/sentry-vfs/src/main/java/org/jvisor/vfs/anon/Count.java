// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;

/** The eight bytes that eventfd(2) and timerfd_create(2) descriptors are read and written by. */
final class Count {

    private Count() {
    }

    /** Hands out a count that is taken already: as on Linux it is lost where the caller's memory is bad. Eight, or -EFAULT. */
    static long put(HostKernel host, IoBuffer target, long count) {
        long address = target.span();
        if (address >= 0 && target.spanLength() >= Long.BYTES) {
            host.putLong(address, count);
            target.advance(Long.BYTES);
            return Long.BYTES;
        }
        byte[] bytes = new byte[Long.BYTES];
        Bytes.putLong(bytes, 0, count);
        return target.put(bytes, 0, Long.BYTES) == Long.BYTES ? Long.BYTES : -Errno.EFAULT;
    }
}
