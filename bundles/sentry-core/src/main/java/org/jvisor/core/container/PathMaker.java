// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskImpl;

/** Makes what is missing of a path, as root, inside a container's tree. */
final class PathMaker {

    private static final int DIRECTORY_MODE = 0755;
    private static final int FILE_MODE = 0644;

    private final KernelImpl kernel;
    private final TaskImpl task;

    PathMaker(KernelImpl kernel, TaskImpl task) {
        this.kernel = kernel;
        this.task = task;
    }

    /** Like mkdir -p; the directory, or whatever is there. */
    VfsPath makeDirectories(String path) {
        int end = 0;
        do {
            end = path.indexOf('/', end + 1);
            String part = end < 0 ? path : path.substring(0, end);
            if (!part.isEmpty() && !exists(part)) {
                mkdir(part);
            }
        } while (end >= 0);
        return find(path);
    }

    /** An empty file that something can be mounted on, if nothing is there. */
    VfsPath makeFile(String path) {
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            makeDirectories(path.substring(0, slash));
        }
        if (!exists(path)) {
            kernel.vfs().mknod(task, Open.AT_FDCWD, task.walk().load(path), Mode.S_IFREG | FILE_MODE, 0);
        }
        return find(path);
    }

    private void mkdir(String path) {
        try {
            kernel.vfs().mkdir(task, Open.AT_FDCWD, task.walk().load(path), DIRECTORY_MODE);
        } catch (ErrnoException e) {
            // A symbolic link that leads nowhere is in the way; or another path led here.
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
        }
    }

    boolean exists(String path) {
        try {
            find(path);
            return true;
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }

    VfsPath find(String path) {
        PathWalk walk = task.walk().load(path);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
        return walk.path();
    }
}
