// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher;

/** What the caller of runsc is told in one line, and the status that runsc ends with. Stackless: it is no bug. */
public final class RunscException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** runsc's status for whatever kept it from running the container. */
    public static final int FAILED = 128;
    /** The status for global flags that make no sense. */
    public static final int USAGE = 2;

    private final int status;

    public RunscException(String message) {
        this(message, FAILED);
    }

    public RunscException(String message, int status) {
        super(message, null, false, false);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
