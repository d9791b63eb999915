// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.net;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A socket's operations. Like all file operations they do not block: -EAGAIN means wait on {@link #waitQueue} and try again
 * (connect(2): -EINPROGRESS first, then -EALREADY until done). Addresses are struct sockaddr bytes, copied in and checked for
 * length already. Results are negative errnos or what the man page says. Calls come from many threads.
 */
@ConsumerType
public interface Socket extends FileOperations {

    int domain();

    /** SOCK_*. */
    int type();

    int protocol();

    long bind(Task task, byte[] address, int length);

    /** bind(2) by this description, whose mode a name in a file system gets. */
    default long bind(Task task, FileDescription file, byte[] address, int length) {
        return bind(task, address, length);
    }

    long connect(Task task, byte[] address, int length);

    default long listen(Task task, int backlog) {
        return -Errno.EOPNOTSUPP;
    }

    /** The next connection, or null when there is none yet; throws what accept(2) fails with. */
    Socket accept(Task task);

    long shutdown(Task task, int how);

    /** getsockname(2) or, with {@code peer}, getpeername(2): the address's full length, its bytes in {@code address}. */
    long name(Task task, boolean peer, byte[] address);

    /** The option's length, its value in {@code value}; -ENOPROTOOPT. */
    long getOption(Task task, int level, int option, byte[] value, int length);

    long setOption(Task task, int level, int option, byte[] value, int length);

    /** One send of {@code data} with what {@code message} says; may take a part of a stream. */
    long send(Task task, FileDescription file, IoBuffer data, Message message);

    /** One receive into {@code data}; fills in {@code message}. 0 at the end of a stream. */
    long receive(Task task, FileDescription file, IoBuffer data, Message message);

    /** Of a socket whose messages may carry file descriptions; null: they carry none. */
    default Flight.Carrier carrier() {
        return null;
    }

    /** Nobody can receive from it, or accept of it, any more: what its messages and those of waiting connections carry is dropped. */
    default void dropCarried() {}

    /** What goes with the bytes of a message; owned by the caller and reused. */
    final class Message {
        /** MSG_* of the call. */
        public int flags;
        /** MSG_TRUNC, MSG_CTRUNC, … of the answer. */
        public int resultFlags;
        public final byte[] address = new byte[128];
        /** 0: none. */
        public int addressLength;
        /** SCM_RIGHTS: each holds a reference. Null: none. */
        public FileDescription[] files;
        /** SCM_CREDENTIALS; valid when {@link #hasCredentials}. */
        public boolean hasCredentials;
        public int pid;
        public int uid;
        public int gid;
        /** Control messages other than those above, as struct cmsghdr bytes. */
        public byte[] control;
        public int controlLength;
        /** With MSG_TRUNC: the datagram's real length. */
        public long fullLength;

        public void reset(int callFlags) {
            flags = callFlags;
            resultFlags = 0;
            addressLength = 0;
            files = null;
            hasCredentials = false;
            controlLength = 0;
            fullLength = 0;
        }
    }
}
