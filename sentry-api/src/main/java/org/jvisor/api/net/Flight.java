// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.net;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Open file descriptions on their way between sockets (SCM_RIGHTS, unix(7)): those of one kernel. Sockets may be sent, too, even into
 * their own queues; those that nobody but messages in unreachable queues refers to any more are found, and what their queues carry
 * is dropped. Any thread, without a lock that is ranked below {@link org.jvisor.api.lock.LockRank#SOCKET_FLIGHT}.
 */
@ProviderType
public interface Flight {

    /** For a socket whose messages may carry descriptions: made with it, passed on when its bundle is replaced ({@link Socket#carrier}). */
    Carrier newCarrier();

    /**
     * Descriptions leave for the queue of {@code to}; the caller's references pass to the passage unless this throws.
     *
     * @throws org.jvisor.api.abi.ErrnoException ETOOMANYREFS: the task's user has more in flight than RLIMIT_NOFILE allows, or its
     *     container more than it may
     */
    Passage depart(Task task, Carrier to, FileDescription[] files);

    /** Looks for all that nobody can receive any more. Without any lock: it closes files. */
    void collect();

    /** The queue of one socket. */
    @ProviderType
    interface Carrier {

        /**
         * It is the end of a connection that {@code listener}'s socket has not accepted yet, and has no description of its own: whoever
         * can reach it does so by the listener. Null: it has been accepted.
         */
        void waitsAt(Carrier listener);

        /** The socket's description may be reached by messages in flight only, from now on. Without any lock: it may close files. */
        void collect();
    }

    /** The descriptions of one message. One of the ends is called once, without a lock above {@code SOCKET_FLIGHT}'s rank but the queue's. */
    @ProviderType
    interface Passage {

        /** Not to be changed; not to be kept after an end. */
        FileDescription[] files();

        /** The message is in the queue, or was dropped before. Without any lock: it may close files. */
        void departed();

        /** The message is received: the references are the caller's. */
        FileDescription[] arrive();

        /** The message is gone: the references are dropped. Without any lock: it closes files. */
        void drop();
    }
}
