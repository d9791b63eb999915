// SPDX-License-Identifier: Apache-2.0
/**
 * tmpfs(5): files in frames of the memory file, so that what is mapped and what is read are the same bytes.
 *
 * <p>Locks: a directory has one for its names, each inode one for its attributes; neither is held while another is taken. A file's
 * write lock is held over writes and changes of its size, and so over page faults of who writes: who waits for it can be killed, and
 * page faults of mapped files take none ({@code FileMapping}).
 */
package org.jvisor.fs.tmpfs;
