// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Errno;

/** A system call without which the gofer cannot start has failed. */
final class HostCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private HostCallException(String message) {
        super(message, null, false, false);
    }

    /** Gives {@code result} back unless it is a negative errno. */
    static long check(long result, String what) {
        if (Errno.isError(result)) {
            throw new HostCallException(what + ": " + Errno.describe((int) -result));
        }
        return result;
    }

    static HostCallException because(String message) {
        return new HostCallException(message);
    }
}
