// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

/** A record that cannot be written, or not be understood. The message is one line for people, and names the type and the field. */
public final class StateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StateException(String message) {
        super(message);
    }

    public StateException(String message, Throwable cause) {
        super(message, cause);
    }
}
