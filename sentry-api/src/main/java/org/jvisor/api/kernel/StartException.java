// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** Why the sandbox or a container cannot start, in one line for people. */
public final class StartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /** @param errno the error behind it, or 0 */
    public StartException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
