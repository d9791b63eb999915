// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.abi.Splice;

/** What is set below /proc/sys/fs for pipes (pipe(7)). */
public final class PipeSysctl {

    /** Below /proc/sys. */
    public static final String MAX_SIZE = "fs/pipe-max-size";

    private static final int PAGE = 4096;

    private PipeSysctl() {
    }

    /** Bytes of the largest pipe that those without CAP_SYS_RESOURCE may have. Any thread. @param values the kernel's */
    public static long maxSize(SysctlValues values) {
        String set = values.get(MAX_SIZE, null);
        return set == null ? Splice.PIPE_MAX_SIZE : Long.parseLong(set);
    }

    /** What a pipe of {@code bytes}, up to 2^31, takes: pages, as many as a power of two. */
    public static long rounded(long bytes) {
        return bytes <= PAGE ? PAGE : Long.highestOneBit(bytes - 1) << 1;
    }
}
