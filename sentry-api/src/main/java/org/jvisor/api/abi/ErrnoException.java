// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * A Linux error on its way to the system call that will return it. There is one instance an errno, made once: no stack
 * trace, no allocation when thrown. Hot paths return negated errnos instead.
 */
public final class ErrnoException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final ErrnoException[] INSTANCES = new ErrnoException[Errno.ERESTART_RESTARTBLOCK + 1];

    static {
        for (int errno = 0; errno < INSTANCES.length; errno++) {
            INSTANCES[errno] = new ErrnoException(errno);
        }
    }

    private final int errno;

    private ErrnoException(int errno) {
        super(null, null, false, false);
        this.errno = errno;
    }

    /** The exception for a positive errno. */
    public static ErrnoException of(int errno) {
        return errno >= 0 && errno < INSTANCES.length ? INSTANCES[errno] : new ErrnoException(errno);
    }

    /** Throws if {@code result} is a negated errno, and gives it back otherwise. */
    public static long check(long result) {
        if (Errno.isError(result)) {
            throw of((int) -result);
        }
        return result;
    }

    /** The errno, positive. */
    public int errno() {
        return errno;
    }

    @Override
    public String getMessage() {
        return Errno.name(errno) + ": " + Errno.describe(errno);
    }
}
