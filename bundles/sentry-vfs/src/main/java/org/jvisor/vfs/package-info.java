// SPDX-License-Identifier: Apache-2.0
/**
 * Dentries, mounts, path walk, descriptions and descriptors.
 *
 * <p><b>Dentries.</b> A directory's cached names are in its {@code DentryTable}: a hash table that readers walk without a
 * lock. What
 * is in use is known by reachability: whoever needs a dentry (a description, a working directory, a mount, a child) refers to it.
 * The cache holds a bounded number strongly; what it lets go stays in the table by a weak reference, so that there are never two
 * dentries of one name, and when the collector finds that nobody uses it the name goes and the file system's inode is evicted.
 * Inodes that are no directories are also counted ({@code Vnode}), since the storage of an unlinked file is wanted back at its
 * last close and not at the next collection.
 *
 * <p><b>Locks</b>, in the order in which they are taken:
 * <ol>
 * <li>a description's position ({@code FileDescriptionImpl}), a pipe's bytes ({@code PipeBuffer})
 * <li>{@code SuperBlock.renameLock}: renames from one directory to another of a file system
 * <li>a directory's lock: that of its {@code DentryImpl}; an ancestor before its descendants, then by id. Held while the
 *     file system looks up, creates or removes names, and so perhaps for a round trip to another process
 * <li>{@code MountTree}'s monitor: every change of any mount namespace
 * <li>{@code DentryTable}'s monitor, then {@code SuperBlock.lruLock}
 * <li>{@code FileLocks} and {@code FdTableImpl}'s monitors, which are leaves: nothing is called while they are held but wait
 * queues
 * </ol>
 * The first three may be held for long, over page faults and messages to other processes: each is a {@code KillableLock}, so that
 * who waits for them can be killed. Look-ups of cached names, descriptors and mounts take none.
 */
package org.jvisor.vfs;
