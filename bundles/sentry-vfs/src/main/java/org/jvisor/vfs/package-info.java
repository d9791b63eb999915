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
 * <p>Each name, whether there is such a file or not, and each inode that its file system does not charge itself is charged to the
 * container that mounted the file system, from before it is entered until the collector has found it unused, or the file system has
 * ended ({@code NameCache}, {@code NameReclaim}).
 *
 * <p><b>Locks</b> ({@link org.jvisor.api.lock.LockRank} has their order). A description's position, a pipe's bytes, a file
 * system's renames, a directory's names ({@code DentryImpl}) and the writes to a memfd may be held for long, over page faults and
 * messages to other processes: each is a {@code KillableLock}, so that who waits for them can be killed. The others guard no more
 * than a look and a change: {@code MountTree}'s is over every change of any mount namespace, a {@code DentryTable}'s over its names,
 * {@code NameCache}'s over its lists; a file system's end is told without. An epoll instance asks what it watches for its events
 * with its own held. Look-ups of cached names, descriptors and mounts take none.
 */
package org.jvisor.vfs;
