// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;

/** A symbolic link; a subclass may say anew at each look where it leads. */
public class PseudoLink extends PseudoInode {
    private final String target;

    public PseudoLink(PseudoFileSystem fileSystem, long ino, String target) {
        super(fileSystem, ino, Mode.S_IFLNK | Mode.S_IRWXUGO);
        this.target = target;
    }

    @Override
    public long size() {
        return target == null ? 0 : target.length();
    }

    @Override
    public String readlink(Task task) {
        return target;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        throw ErrnoException.of(Errno.ELOOP);
    }
}
