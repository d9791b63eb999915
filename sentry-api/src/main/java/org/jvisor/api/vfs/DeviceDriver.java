// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/** Serves character devices by number: a service. What a device node with one of its numbers means when it is opened. */
@ConsumerType
public interface DeviceDriver {

    /** Name in /proc/devices. */
    String name();

    int major();

    /** Lowest and highest minor number, inclusive. */
    int firstMinor();

    int lastMinor();

    /** @throws org.jvisor.api.abi.ErrnoException ENXIO and the like */
    FileOperations open(Task task, int minor, int flags, VfsPath path);
}
