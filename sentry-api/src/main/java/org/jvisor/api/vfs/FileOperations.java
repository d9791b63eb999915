// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.wait.WaitQueue;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What an open file does. One object an open file description; the default of everything is what Linux answers where a file
 * does not support it. Nothing here blocks for events: what cannot be done yet returns {@code -EAGAIN}, and the description
 * waits on {@link #waitQueue} unless O_NONBLOCK is set. Results are counts or negative errnos. Calls come from many threads.
 */
@ConsumerType
public interface FileOperations {

    /** {@link #write}'s offset for O_APPEND: at the end, wherever that is at that moment; the file then sets {@link FileDescription#setPosition}. */
    long APPEND = Long.MAX_VALUE;

    /** {@link #read}'s and {@link #write}'s offset for read(2) and write(2) of a file that is not {@link #seekable}. */
    long CURRENT = -1;

    /** Whether it has a position, and offsets mean something. Pipes, sockets and terminals do not. */
    default boolean seekable() {
        return false;
    }

    /**
     * Whether pread(2) and pwrite(2) work. A file that is {@code positional} but not {@link #seekable} keeps its position itself:
     * it is given {@link #CURRENT} by read(2) and write(2), and answers {@link #seek}.
     */
    default boolean positional() {
        return seekable();
    }

    /** Reads at {@code offset} (ignored when not positional); 0 at the end. */
    default long read(Task task, FileDescription file, IoBuffer target, long offset) {
        return -Errno.EINVAL;
    }

    /** Writes at {@code offset} (or {@link #APPEND}; ignored when not positional). May write a part; the description goes on. See {@link #writesAtOnce}. */
    default long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return -Errno.EINVAL;
    }

    /** lseek(2) where the generic one (SEEK_SET, CUR, END by {@link Inode#size}) is not right, as for directories, SEEK_DATA, SEEK_HOLE; -EOPNOTSUPP: use the generic one. */
    default long seek(Task task, FileDescription file, long offset, int whence) {
        return -Errno.EOPNOTSUPP;
    }

    /**
     * What /proc/PID/fdinfo tells of it beyond what is told of every descriptor (proc(5)): lines, each with its newline. Allocates.
     *
     * @param reader whose ids and names are meant
     */
    default String info(Task reader) {
        return "";
    }

    /**
     * Whether one {@link #write} is one operation: a datagram, a record, a number for an eventfd. It takes all that it ever will and
     * answers what the call answers; the description does not go on with bytes that it left. Of a file without a position only.
     */
    default boolean writesAtOnce() {
        return false;
    }

    /** Events that are true now: POLL* bits. */
    default int poll(FileDescription file) {
        return Poll.POLLIN | Poll.POLLOUT | Poll.POLLRDNORM | Poll.POLLWRNORM;
    }

    /** Who hears of changes of {@link #poll}; null where nothing ever changes (then epoll_ctl(2) refuses it with EPERM). */
    default WaitQueue waitQueue() {
        return null;
    }

    /** How long a blocking read (or write) waits, in ns; Long.MAX_VALUE for ever. SO_RCVTIMEO and SO_SNDTIMEO. */
    default long timeoutNs(boolean write) {
        return Long.MAX_VALUE;
    }

    default long ioctl(Task task, FileDescription file, int command, long argument) {
        return -Errno.ENOTTY;
    }

    /** What mmap(2) maps; throws ENODEV where that makes no sense. */
    default Mappable mappable(Task task, FileDescription file) {
        throw ErrnoException.of(Errno.ENODEV);
    }

    /**
     * Directory entries from {@code position} on, "." and ".." first, until {@code sink} is full.
     *
     * @return 0 or a negative errno
     */
    default long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
        return -Errno.ENOTDIR;
    }

    default long fsync(Task task, boolean dataOnly) {
        return -Errno.EINVAL;
    }

    default long fallocate(Task task, int mode, long offset, long length) {
        return -Errno.ENODEV;
    }

    /** A flag that fcntl(2) F_SETFL may change has changed. */
    default void flagsChanged(FileDescription file, int flags) {}

    /** A descriptor of this description is closed; others may remain. 0 or a negative errno that close(2) returns. */
    default long flush(Task task, FileDescription file) {
        return 0;
    }

    /**
     * All references that are left are those of messages in flight ({@link FileDescription#inFlight}). Called by the thread that dropped
     * the last other one, perhaps when that is not so any more, and without locks.
     */
    default void onlyInFlight(FileDescription file) {}

    /** The last reference is gone. */
    default void release(FileDescription file) {}

    /** Takes directory entries. */
    interface DirectorySink {
        /**
         * Called with locks of the file system held: touches no application memory and does not wait.
         *
         * @param next position of the entry after this one
         * @param type DT_*
         * @return false when there was no room: the entry was not taken, stop
         */
        boolean add(String name, long ino, int type, long next);

        /**
         * Brings away what was taken; called without such locks, after the file has given what there was room for.
         *
         * @return whether there may be room for more, which is asked for then; -EFAULT when what was taken since the last time is
         *     lost, so that it shall be given again the next time: 1, 0 or the errno
         */
        default int drain() {
            return 0;
        }
    }
}
