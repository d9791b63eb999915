// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

/** The window of one vfork(2): the parent waits until the child has called execve(2) or ended. */
final class Vfork {

    private final TaskImpl parent;
    private volatile boolean over;

    Vfork(TaskImpl parent) {
        this.parent = parent;
    }

    /** By the child. */
    void end() {
        over = true;
        parent.wake();
    }

    /** By the parent, outside of the handler, which may be replaced meanwhile; only its own end interrupts it. */
    void await() {
        while (!over) {
            if (parent.sleepKillable() != 0) {
                return;
            }
        }
    }
}
