// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

/**
 * The one order in which all locks of the Sentry are taken: a thread that holds locks takes only such as stand further down. Locks of
 * one rank are taken one at a time, unless the rank says that there is an order among them. {@link LockOrder} checks this in the
 * tests. A new kind of lock gets a rank of its own here, as far down as it can stand; what is taken with it held stands below it.
 */
public enum LockRank {

    // ---- Changes of the kernel itself, by threads that are no task's

    /** A bundle is replaced or withdrawn, or a round trip is made. */
    HANDOVER,
    /** Containers are made, and processes started in them, one after the other. */
    CONTAINER_CREATION,
    /** The gate is closed or opened. */
    GATE,

    // ---- Held over page faults and questions to other processes: KillableLock

    /** Who takes bytes from a pipe, one after the other; what they are written to is asked with it held (splice(2)). */
    PIPE_TAKING,
    /** A description's position. */
    FILE_POSITION,
    /** Terminals: reading, and writing, one at a time. */
    TERMINAL_TRANSFER,
    /** A pipe's bytes; of two by their numbers (splice(2), tee(2)). */
    PIPE(true),
    /** A socket's transfers. */
    SOCKET_TRANSFER,
    /** Renames from one directory to another of a file system. */
    RENAME,
    /** A directory's names: an ancestor before its descendants, then by id. */
    DIRECTORY(true),
    /** The search for cached names that nobody uses. */
    NAME_RECLAIM,
    /** An overlay's directory or copying up; the upper and lower file systems are asked with it held. */
    OVERLAY(true),
    /** A writer's turn at a file: one write(2) after the other. */
    FILE_WRITE(true),
    /** What is known of a directory of the file server's; of two by their inode numbers. */
    GOFER_DIRECTORY(true),
    /** The bytes of a file of the file server's, on the host and in pages that are mapped; held over no messages. */
    GOFER_FILE(true),
    /** Messages to a file server: sending, and receiving. */
    P9_TRANSFER(true),
    /** An address space's mappings; a forking parent's before its child's. */
    ADDRESS_SPACE(true),
    /** The platform's side of an address space. */
    PLATFORM_SPACE,
    /** What others may have written to a file that is mapped, and the pages behind mappings. */
    MAPPED_FILE,
    /** Frames on their way to runsc, which may be slow to take them. */
    CONTROL_CONNECTION,
    /** The choice of who is ended for lack of memory. */
    MEMORY_RELIEF,

    // ---- Held for short: Mutex

    /** What an epoll instance watches, which is asked for its events with it held; the watching before the watched. */
    EPOLL(true),
    /** What a bundle that comes from outside guards by a lock with which it calls into the kernel. */
    BUNDLE,
    /** The tables of what the kernel is made of: containers, families, interceptors, platforms. */
    KERNEL,
    /** A container's state. */
    CONTAINER,
    /** The process tree: parents, members of thread groups, process groups and sessions, zombies. */
    PROCESS_TREE,
    /** A thread group's signals, stops and the beginning of its end; a parent's before its new child's. */
    THREAD_GROUP(true),
    /** A session's controlling terminal. */
    SESSION,
    /** Terminals' state. */
    TERMINAL,
    /** A network namespace's ports and names. */
    NET_NAMESPACE,
    /** A socket's state: a listener's before that of one that connects, then by their numbers. */
    SOCKET(true),
    /** A connection's bytes and messages. */
    SOCKET_BUFFER(true),
    /** Descriptors in flight. */
    SOCKET_FLIGHT,
    /** Mounts of all mount namespaces. */
    MOUNTS,
    /** Cached names. */
    DENTRY_TABLE,
    /** Super blocks' lists of dentries and inodes. */
    SUPER_BLOCK,
    /** An inode's attributes and tables. */
    INODE(true),
    /** Byte ranges and leases of files. */
    FILE_LOCKS,
    /** A descriptor table. */
    DESCRIPTORS(true),
    /** A description's own state. */
    DESCRIPTION,
    /** System V objects. */
    IPC,
    /** Interval timers and POSIX timers of a process. */
    PROCESS_TIMERS(true),
    /** Times and counts that are accounted for. */
    ACCOUNTING(true),
    /** Buckets of futex(2), in the order of the table. */
    FUTEX(true),
    /** Tags, fids and connections of a client of a file server. */
    P9_CLIENT(true),
    /** Who waits for an object; an epoll instance's queue is woken from within those of what it watches. */
    WAIT_QUEUE(true),
    /** An epoll instance's list of what may be ready. */
    EPOLL_READY,
    /** Timers that are pending. */
    TIMERS,
    /** The clocks. */
    CLOCK,
    /** Frames of a memory file, and tables of pages. */
    FRAMES(true),
    /** Service threads: lists of what they are to do. */
    SERVICE,
    /** A buffer for a host call, and other leaves with which nothing else is taken. */
    LEAF,
    /** The logs, which anybody may write to. */
    LOG;

    private final boolean several;

    LockRank() {
        this(false);
    }

    LockRank(boolean several) {
        this.several = several;
    }

    /** Whether a thread may hold several locks of this rank, in an order of their own that the rank's description tells. */
    public boolean several() {
        return several;
    }
}
