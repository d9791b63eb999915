// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/** A mounted instance of a file system: Linux's super block. */
@ConsumerType
public interface FileSystem {

    /** What /proc/mounts calls its type. */
    String type();

    /** st_dev of its files, from {@link Vfs#newDevice}. */
    long device();

    Inode root();

    void statfs(Statfs statfs);

    /** Whether names can change other than through this vfs, so that cached dentries ask {@link Inode#revalidate}. */
    default boolean mayChangeOutside() {
        return false;
    }

    /** Whether dentries of missing names and of unused inodes are worth keeping; false for file systems made up on the fly, like proc. */
    default boolean cachesDentries() {
        return true;
    }

    /** Whether its inodes are charged by itself from their making to their end; otherwise each is while it is in use. */
    default boolean chargesInodes() {
        return false;
    }

    /** Options for /proc/mounts, beginning with a comma or empty, like ",size=64k". */
    default String options() {
        return "";
    }

    default void sync() {}

    /**
     * Memory is short: pages that can be read again, and that nobody has mapped, are given up as far as that goes at once.
     *
     * @param container whose pages they are to be; null: anybody's
     * @return bytes
     */
    default long reclaimPages(Cgroup container) {
        return 0;
    }

    /** mount(2) with MS_REMOUNT: takes other options. */
    default void remount(Task task, String data) {}

    /** The last mount is gone. */
    default void unmount() {}
}
