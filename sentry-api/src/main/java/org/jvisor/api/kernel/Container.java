// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.osgi.annotation.versioning.ProviderType;

/** A container in the sandbox. Any thread. */
@ProviderType
public interface Container {

    String id();

    ContainerSpec spec();

    /** What it uses up of the Sentry. */
    Cgroup cgroup();

    /** Its own terminal, which /dev/console is; null where it has none. */
    Tty console();

    /** Its first process. */
    ThreadGroup init();

    /** Lets the first process run. */
    void start();

    /** Waits for the end of the first process; wait(2)'s status. All others are killed then. */
    int waitForExit() throws InterruptedException;

    /**
     * Sends a signal from outside.
     *
     * @param target 0: the first process; -1: all processes; -2: the foreground process group of the container's terminal, or
     *     the first process when it has none
     */
    void signal(int signal, int target);

    /** The window of the container's terminal has changed; nothing without one. */
    void resize(int rows, int columns);

    /** Kills all processes and gives back the mounts. */
    void destroy();
}
