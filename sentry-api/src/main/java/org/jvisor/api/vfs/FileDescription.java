// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.function.UnaryOperator;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An open file description (open(2)): what descriptors refer to. Counted by reference: whoever keeps one has {@link #retain}ed
 * it and {@link #release}s it; the last release calls {@link FileOperations#release}. It blocks where its file says -EAGAIN and
 * O_NONBLOCK is not set. Any thread.
 */
@ProviderType
public interface FileDescription {

    FileOperations operations();

    /** Where it was opened; for pipes, sockets and their kin on a mount of their own. */
    VfsPath path();

    Inode inode();

    /** Access mode and status flags as F_GETFL returns them. */
    int flags();

    /** Sets those of O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME that are in {@code flags}, clears the others. */
    void setFlags(int flags);

    boolean readable();

    boolean writable();

    long position();

    void setPosition(long position);

    /** read(2): checks the access mode (-EBADF), blocks, moves the position. */
    long read(Task task, IoBuffer target);

    long write(Task task, IoBuffer source);

    /** pread(2) and pwrite(2): -ESPIPE when not seekable. */
    long readAt(Task task, IoBuffer target, long offset);

    long writeAt(Task task, IoBuffer source, long offset);

    long seek(Task task, long offset, int whence);

    int poll();

    /** getdents64(2) and its kin: entries from the position on, which moves. */
    long readdir(Task task, FileOperations.DirectorySink sink);

    /** Who gets SIGIO: F_GETOWN, F_GETSIG. Nobody at first. */
    Async async();

    /** F_SETOWN, F_SETSIG: {@code change} makes what is to hold of what held, and is asked again when somebody was quicker. */
    void changeAsync(UnaryOperator<Async> change);

    /**
     * {@code listener} hears when the last reference is gone, before {@link FileOperations#release}: an epoll instance forgets
     * the description then (epoll(7)). The caller has a reference now.
     */
    void addReleaseListener(ReleaseListener listener);

    /** Does nothing when it was not added. */
    void removeReleaseListener(ReleaseListener listener);

    /**
     * So many bytes of the Sentry's heap are what its file keeps for it from now on, instead of what it said before: the text, or the
     * list of names, that reading goes on in. They are charged to who has it until its end. By the file's operations.
     *
     * @param task who is charged where nobody has it yet
     * @return whether there may be so many; otherwise it keeps what it kept before, or nothing
     */
    boolean keep(Task task, long bytes);

    void retain();

    int references();

    /** So many more (or fewer) of the references are those of messages in flight (unix(7)); see {@link FileOperations#onlyInFlight}. */
    void inFlight(int change);

    /** @param task who drops it, or null */
    void release(Task task);

    /** Told that a description is gone. Called by the thread that released it, which holds no lock of the vfs. */
    @FunctionalInterface
    interface ReleaseListener {
        void released(FileDescription file);
    }

    /**
     * fcntl(2)'s asynchronous notification.
     *
     * @param ownerType F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP
     * @param owner its id; 0 for nobody
     * @param uid of who said so
     */
    record Async(int ownerType, int owner, int signal, int uid, int euid) {
        /** What a description has at first. */
        public static final Async NOBODY = new Async(0, 0, 0, 0, 0);

        public Async withOwner(int type, int id, int whoUid, int whoEuid) {
            return new Async(type, id, signal, whoUid, whoEuid);
        }

        public Async withSignal(int number) {
            return new Async(ownerType, owner, number, uid, euid);
        }
    }
}
