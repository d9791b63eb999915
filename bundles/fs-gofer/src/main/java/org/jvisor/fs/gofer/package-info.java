// SPDX-License-Identifier: Apache-2.0
/**
 * The file system "9p": files of a gofer.
 *
 * <p>Names and attributes come in messages, as few as can be; the data of regular files never do, for the gofer opens them and
 * sends the descriptors. A {@code GoferInode} is known by the number that the gofer gives its file. Its fid (the gofer's handle)
 * and its descriptors are caches: they can go when they are many, and are had again by the name in the parent directory.
 *
 * <p>Two ways of caching. <b>Exclusive</b>: nobody else changes the tree, so attributes, directories and link targets are asked
 * for once. <b>Shared</b> (bind mounts): each use of a name asks the gofer whether it still means the same, and attributes hold
 * for a moment only; pages that are mapped agree with the host from one open(2) to the next.
 *
 * <p><b>Locks</b>, in the order in which they are taken:
 * <ol>
 * <li>{@code GoferInode.writing}: one write(2) of a file at a time
 * <li>{@code DirectoryNames}' lock: what is known of a directory's entries, held over the messages that change them; two
 *     of them by ascending inode number
 * <li>{@code GoferInode.lock}: attributes, descriptors, fid and pages of one inode, held over messages about it; a child's before
 *     its parent's. No application memory is touched under it, for a fault may need the lock of another file
 * <li>the table of inodes, the lists of idle ones, the client's stacks: leaves
 * </ol>
 * Who waits for one of the first two can be killed ({@code KillableLock}).
 */
package org.jvisor.fs.gofer;
