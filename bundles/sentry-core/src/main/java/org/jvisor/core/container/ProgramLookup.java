// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskImpl;

/** Finds a container's program as runc does: by its path, or in the directories of PATH. */
final class ProgramLookup {

    private static final String PATH = "PATH=";

    private final KernelImpl kernel;
    private final TaskImpl task;
    private final List<String> environment;

    ProgramLookup(KernelImpl kernel, TaskImpl task, List<String> environment) {
        this.kernel = kernel;
        this.task = task;
        this.environment = environment;
    }

    String find(String name) {
        if (name.indexOf('/') >= 0) {
            int error = check(name);
            if (error == 0) {
                return name;
            }
            String what = error == Errno.ENOENT ? "stat " + name + ": " : "";
            throw failure(name, what + Failures.text(ErrnoException.of(error)), error);
        }
        if (!name.isEmpty()) {
            for (String directory : path().split(":")) {
                String candidate = directory.isEmpty() ? "./" + name : directory + "/" + name;
                if (check(candidate) == 0) {
                    return candidate;
                }
            }
        }
        throw failure(name, "executable file not found in $PATH", Errno.ENOENT);
    }

    private static StartException failure(String name, String reason, int errno) {
        return new StartException("exec: \"" + name + "\": " + reason, errno);
    }

    private String path() {
        for (String variable : environment) {
            if (variable.startsWith(PATH)) {
                return variable.substring(PATH.length());
            }
        }
        return "";
    }

    /** 0 for a regular file that the task may execute, or an errno. */
    private int check(String path) {
        try {
            PathWalk walk = task.walk().load(path);
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
            int mode = walk.inode().mode();
            if ((mode & Mode.S_IFMT) == Mode.S_IFDIR) {
                return Errno.EISDIR;
            }
            if ((mode & Mode.S_IFMT) != Mode.S_IFREG) {
                return Errno.EACCES;
            }
            return -kernel.vfs().permission(task.credentials(), walk.inode(), Open.X_OK);
        } catch (ErrnoException e) {
            return e.errno();
        }
    }
}
