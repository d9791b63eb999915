// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.osgi.annotation.versioning.ProviderType;

/** A process that was started in a container from outside. Any thread. */
@ProviderType
public interface ContainerProcess {

    /** Its id in the container. */
    int pid();

    /** Waits for its end, and until what it has written to a terminal of its own has gone to the host's; wait(2)'s status. */
    int waitForExit() throws InterruptedException;

    /** The window of its terminal has changed; nothing without one. */
    void resize(int rows, int columns);
}
