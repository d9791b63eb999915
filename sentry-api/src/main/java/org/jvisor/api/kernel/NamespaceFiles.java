// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.vfs.VfsPath;
import org.osgi.annotation.versioning.ProviderType;

/** Namespaces as files: what the links in /proc/PID/ns mean (namespaces(7)). Any thread. */
@ProviderType
public interface NamespaceFiles {

    /**
     * What readlink(2) gives.
     *
     * @param name like "uts" or "pid_for_children"
     * @return like "uts:[4026531838]"
     */
    String text(String name, Task task);

    /** What the link leads to: an object that can be opened and compared. */
    VfsPath place(String name, Task task);
}
