// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import org.jvisor.api.vfs.MountNamespace;

/** CLONE_NEWNS: a task gets a copy of a mount namespace, and its root and working directory move there (mount_namespaces(7)). */
final class NamespaceCopy {

    private NamespaceCopy() {}

    static void copy(MountNamespace original, TaskImpl task) {
        MountNamespace copy = original.copy();
        task.setMounts(copy);
        task.fs().setRoot(copy.translate(task.fs().root()));
        task.fs().setWorkingDirectory(copy.translate(task.fs().workingDirectory()));
    }
}
