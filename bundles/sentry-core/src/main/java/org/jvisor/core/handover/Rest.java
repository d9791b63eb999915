// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

/** Keeps every task out of the Sentry's code for a while. */
public interface Rest {

    /**
     * Returns once no task is inside a handler, a fault's handling, clone or exit, and none can get in.
     *
     * @return for how long calls have not been answered by now, ns
     * @throws org.jvisor.api.state.StateException when that takes longer than {@code limitNs}: tasks go on then
     */
    long begin(long limitNs);

    /**
     * Applications compute on after {@link #begin}. Returns once none does, and no task's thread writes anything of the task's.
     *
     * @throws org.jvisor.api.state.StateException when that takes longer than {@code limitNs}: tasks are kept out all the same
     */
    void stopApplications(long limitNs);

    /** Tasks go on; interrupted calls start again with what they had done. */
    void end();
}
