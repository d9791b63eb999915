// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.List;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystemType;

/** What other bundles bring: kinds of file systems and drivers, as they come and go. Any thread. */
public interface Providers {

    /** The best of that name, or null. */
    FileSystemType type(String name);

    /** One of each name. */
    List<FileSystemType> types();

    /** Null when no driver has the number. */
    DeviceDriver driver(int major, int minor);
}
