// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.osgi.annotation.versioning.ProviderType;

/** A session (setsid(2)). Any thread. */
@ProviderType
public interface Session {

    int id();

    ThreadGroup leader();

    /** The controlling terminal, or null. */
    Tty tty();

    /** Sets it where there is none, as TIOCSCTTY and open(2) do; whether it was set. */
    boolean acquire(Tty tty);

    /** Gives it up: null from now on. */
    void disown(Tty tty);

    /** A process group of this session, or null. */
    ProcessGroup group(int id);
}
