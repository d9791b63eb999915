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

    /**
     * Starts a further process, in the container's namespaces and with no parent that it knows; the descriptors are the kernel's from
     * here on.
     *
     * @throws StartException when it cannot be started; nothing is left of it then
     */
    ContainerProcess exec(ProcessSpec process);

    /** What was started from outside and has this id, the first process or one of {@link #exec}; null where it is none. */
    ContainerProcess process(int pid);

    /** Waits for the end of the first process; wait(2)'s status. All others are killed then. */
    int waitForExit() throws InterruptedException;

    /**
     * Sends a signal from outside.
     *
     * @param target above 0: the process of that id, if there is one; 0: the first process; -1: all processes; -2: the foreground process group of the container's terminal, or
     *     the first process when it has none
     */
    void signal(int signal, int target);

    /** The window of the container's terminal has changed; nothing without one. */
    void resize(int rows, int columns);

    /** Kills all processes and gives back the mounts. */
    void destroy();
}
