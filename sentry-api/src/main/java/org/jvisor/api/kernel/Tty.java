// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.vfs.FileOperations;
import org.osgi.annotation.versioning.ConsumerType;

/** A terminal as sessions see it. Any thread. */
@ConsumerType
public interface Tty {

    /** The device number, for /proc/PID/stat. */
    long device();

    /** The session that it controls, or null. */
    Session session();

    void setSession(Session session);

    /** The foreground process group's id, or 0. */
    int foreground();

    void setForeground(int processGroup);

    /** The session's leader has gone: hang up. */
    void hangup();

    /** What opening /dev/tty gives. */
    FileOperations open(Task task, int flags);
}
