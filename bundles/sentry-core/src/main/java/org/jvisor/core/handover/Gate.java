// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

/** Keeps every task out of the Sentry's code for a while. */
public interface Gate {

    /**
     * Returns once no task is inside a handler, a fault's handling, clone or exit, and none can get in.
     *
     * @throws org.jvisor.api.state.StateException when that takes longer than {@code limitNs}; the gate is open then
     */
    void close(long limitNs);

    /** Tasks go on; interrupted calls start again with what they had done. */
    void open();
}
