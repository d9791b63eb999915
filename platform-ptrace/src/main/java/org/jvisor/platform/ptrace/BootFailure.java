// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import org.jvisor.api.abi.Errno;

/** The host refused a step on the way to the first stub. */
final class BootFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final int errno;

    BootFailure(String step, int errno) {
        super(step + " fails with " + Errno.name(errno));
        this.errno = errno;
    }

    int errno() {
        return errno;
    }
}
