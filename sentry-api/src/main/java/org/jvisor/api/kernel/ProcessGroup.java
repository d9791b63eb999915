// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** A job (setpgid(2)). Any thread. */
@ProviderType
public interface ProcessGroup {

    int id();

    Session session();

    /** Its processes; allocates. */
    List<ThreadGroup> members();

    /** Sends to all of them at once: a child that one of them makes meanwhile gets it, too, or is not made. No permission is asked. */
    void send(SignalInfo signal);

    /**
     * Sends what a terminal tells of, such as a key. Who sits at a terminal that was given to a process from outside is the container's
     * operator, from whom its first process is not shielded.
     */
    void sendFrom(Tty terminal, SignalInfo signal);

    /** Whether no member has a parent in another group of the session: terminal stops do not stop it. */
    boolean orphaned();
}
