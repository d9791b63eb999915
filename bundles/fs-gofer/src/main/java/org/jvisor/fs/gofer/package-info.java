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
 * <p><b>Late answers</b>. Whoever waits for the gofer can be killed. A question that was left behind so is answered all the same: a
 * descriptor that comes is closed, fids are given back, and what a change has made ({@code Change}) is put in order then. Until it
 * is known which names a directory has, who wants to know waits ({@code GoferDirectory.settle}), and can be killed, too. What ends a
 * process or a container (releasing, evicting, unmounting) waits for no answer at all.
 *
 * <p><b>Locks</b>, in the order in which they are taken:
 * <ol>
 * <li>{@code GoferInode.writing}: one write(2), or change of attributes, of a file at a time
 * <li>{@code DirectoryNames.lock}: held over the messages that change a directory or list it; two of them by ascending inode number
 * <li>{@code GoferInode.content}: a file's bytes, on the host and in mapped pages; held over the host's reads and writes, never over
 *     messages. No application memory is touched under it, for a fault may need the lock of another file
 * <li>{@code DirectoryNames.table}, {@code GoferInode.lock}: entries, attributes, fid and descriptors
 * <li>the lists of what is idle, the client's stacks: leaves
 * </ol>
 * The first three are {@code KillableLock}s.
 */
package org.jvisor.fs.gofer;
