// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ProviderType;

/** A table of file descriptors; shared by tasks that were cloned with CLONE_FILES. Look-up takes no lock. Any thread. */
@ProviderType
public interface FdTable {

    /** The description with one more reference, which the caller releases; null when the descriptor is not open. */
    FileDescription acquire(int fd);

    /**
     * Enters {@code file}, whose reference passes to the table, at the lowest free descriptor from {@code from} on.
     *
     * @param limit RLIMIT_NOFILE
     * @return the descriptor, or -EMFILE (the reference stays with the caller)
     */
    int add(FileDescription file, int from, long limit, boolean closeOnExec);

    /** Whether {@link #add} would find a descriptor now: for a call that could not undo what it does before. */
    boolean hasFree(long limit);

    /** dup2(2)'s second half: enters at {@code fd} exactly, closing what was there. 0 or -EBADF beyond the limit. */
    int put(Task task, int fd, FileDescription file, long limit, boolean closeOnExec);

    /** close(2): 0, -EBADF, or what {@link FileOperations#flush} said. */
    long close(Task task, int fd);

    /** Closes {@code fd} unless another thread has closed it, or put something else there, since {@code file} was added at it. */
    void closeIfStill(Task task, int fd, FileDescription file);

    /** F_GETFD: 0 or FD_CLOEXEC; -EBADF. */
    int getFlags(int fd);

    int setFlags(int fd, boolean closeOnExec);

    /** execve(2): closes those marked close-on-exec. */
    void closeOnExec(Task task);

    /** close_range(2). */
    void closeRange(Task task, int first, int last, boolean onlyMark);

    /** The highest open descriptor, or -1. */
    int highest();

    /** Open descriptors, ascending; allocates. */
    int[] descriptors();

    /** A copy, as fork(2) makes, that is charged to {@code payer}. @throws ErrnoException ENOMEM when that may not have more */
    FdTable copy(Cgroup payer);

    /** One more task shares it. */
    void retain();

    /** One task less; the last one closes everything. */
    void release(Task task);
}
