// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.abi.Errno;

/**
 * The catalogue of all that a program can make the Sentry keep: each object whose number or size programs decide is of one of these
 * kinds, is charged to a {@link Cgroup} when it is made, and given back when it goes. A test makes objects of each kind until they
 * are refused, and sees all counts at zero when the container has ended; a new kind needs its place there.
 *
 * <p>What a unit takes of the heap is counted with all that hangs on it, and rather too high than too low. What is made of pages of
 * the memory file is counted by these.
 */
public enum Charge {

    // ---- processes

    /** A thread: its record, and the Java thread that serves it. clone(2). */
    TASK(8_192, Errno.EAGAIN),
    /** A process beside its threads, a zombie too. fork(2). */
    PROCESS(4_096, Errno.EAGAIN),
    /** A supplementary group of a thread, beyond the usual few. setgroups(2). */
    SUPPLEMENTARY_GROUP(4, Errno.ENOMEM),
    /** An entry of a list of what a call waits for, beyond the usual few. poll(2). */
    WAIT_ENTRY(64, Errno.ENOMEM),
    /** A byte of arguments and environment on their way to a new program. execve(2). */
    EXEC_BYTE(1, Errno.E2BIG),
    /** A signal that is queued. sigqueue(3). */
    QUEUED_SIGNAL(128, Errno.EAGAIN),
    /** A timer. timer_create(2). */
    POSIX_TIMER(512, Errno.EAGAIN),
    /** A mount or IPC namespace; the others are small, and each is in use by a thread or an open file. unshare(2). */
    NAMESPACE(1_024, Errno.ENOSPC),
    /** A System V semaphore set, message queue or shared memory segment. shmget(2). */
    IPC_OBJECT(512, Errno.ENOSPC),

    // ---- memory

    /** A page of a memory file. mmap(2). */
    PAGE(0, 4_096, Errno.ENOMEM),
    /** A mapping of an address space. mmap(2). */
    VMA(256, Errno.ENOMEM),
    /** An address space. fork(2). */
    ADDRESS_SPACE(4_096, Errno.ENOMEM),
    /** A page of the tables that tell the frames of an address space. */
    PAGE_TABLE(0, 4_096, Errno.ENOMEM),
    /** A byte of the index that tells where the pages of a file are. pwrite(2), a fault in a shared mapping. */
    PAGE_INDEX_BYTE(1, Errno.ENOSPC),

    // ---- descriptors

    /** An open file description, with what it is of, where that has no kind of its own. open(2). */
    OPEN_FILE(768, Errno.ENFILE),
    /** A part of a descriptor table. dup2(2). */
    DESCRIPTOR_CHUNK(320, Errno.ENOMEM),
    /** A file that an epoll instance watches. epoll_ctl(2). */
    EPOLL_ITEM(256, Errno.ENOSPC),
    /** A range that is locked. fcntl(2). */
    FILE_LOCK(288, Errno.ENOLCK),

    // ---- files

    /** A name and an inode of a file system in memory. open(2), mkdir(2). */
    INODE(768, Errno.ENOSPC),
    /** A byte of a long name, a symbolic link's target or an extended attribute. setxattr(2). */
    INODE_BYTE(1, Errno.ENOSPC),
    /** A name that is cached or in use, whether there is such a file or not. open(2), stat(2). */
    DENTRY(576, Errno.ENOMEM),
    /** An inode of another file system that is in use. open(2). */
    CACHED_INODE(1_024, Errno.ENOMEM),
    /** A byte of the text, or of the list of names, that an open file goes on to be read from. getdents(2), proc(5). */
    LISTING_BYTE(1, Errno.ENOMEM),
    /** A mount, with the instance of a file system that it may have made. mount(2). */
    MOUNT(4_096, Errno.ENOSPC),
    /** A pseudo-terminal. pty(7). */
    PTY(40_960, Errno.ENOSPC),

    // ---- sockets

    /** A socket. socket(2). */
    SOCKET(2_048, Errno.ENOBUFS),
    /** A byte of a socket's buffers, which are pages of the memory file. send(2). */
    SOCKET_BYTE(0, Errno.ENOBUFS),
    /** A datagram or record, or a stretch of a stream with a sender or descriptions of its own. send(2). */
    SOCKET_MESSAGE(192, Errno.ENOBUFS),
    /** A description in flight. unix(7). */
    IN_FLIGHT(64, Errno.ETOOMANYREFS);

    private final long heapBytes;
    private final long memoryBytes;
    private final int errno;

    Charge(long heapBytes, int errno) {
        this(heapBytes, 0, errno);
    }

    Charge(long heapBytes, long memoryBytes, int errno) {
        this.heapBytes = heapBytes;
        this.memoryBytes = memoryBytes;
        this.errno = errno;
    }

    /** What a unit takes of the Sentry's heap, about. */
    public long heapBytes() {
        return heapBytes;
    }

    /** What a unit takes of the memory that applications have. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** What a program is told when there may be no more; a call may have its own errno for that. */
    public int errno() {
        return errno;
    }
}
