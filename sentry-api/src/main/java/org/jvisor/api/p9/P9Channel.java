// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import java.util.function.BooleanSupplier;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A client's end of a connection. Any number of threads may have requests under way. A thread whose task is killed
 * ({@link org.jvisor.api.lock.Killable}) waits for nothing here, but for a moment in which a server that is well answers.
 */
@ConsumerType
public interface P9Channel extends AutoCloseable {

    /** Hears what became of a request whose caller did not wait for it. */
    interface LateReply {

        /**
         * The reply has come, or never will. Called once, by a thread that takes replies in or closes the channel: without locks of
         * the channel's, but perhaps with others; it may wait for nothing. A descriptor that came along is closed already.
         *
         * @param result as {@link #call}'s
         */
        void answered(long result);
    }

    /** Bytes of the longest message that this channel carries. */
    int messageSize();

    /**
     * Sends {@code request} and waits, without heeding interrupts, for its reply. The channel chooses the tag, except that of a
     * Tversion. A descriptor that comes with the reply is the caller's, see {@link P9Message#takeDescriptor}.
     *
     * @param reply another object than {@code request}; ready to be read when the call succeeds
     * @param late hears of the reply when the call returns {@code -EINPROGRESS}, and only then; null: nobody wants to know
     * @return length of the reply in bytes, or a negative errno: the one of an Rlerror, {@code -EMSGSIZE} for a request that is
     *     not {@link P9Message#isIntact intact}, {@code -EIO} for a reply of a wrong type and for everything once the channel is
     *     dead. It dies of the peer's end, of an error of the transport, of a message that is malformed, and of
     *     {@link #close}; whoever waits then has {@code -EIO} at once. When the calling thread's task is killed:
     *     {@code -EINTR} before the request could be sent, {@code -EINPROGRESS} afterwards; both messages are the caller's again
     */
    long call(P9Message request, P9Message reply, LateReply late);

    default long call(P9Message request, P9Message reply) {
        return call(request, reply, null);
    }

    /**
     * Sends a request whose reply its caller does not wait for; it is taken in along with the next that somebody does wait for.
     *
     * @return false, and nothing has been sent, when that could not be done at once; then {@code late} hears nothing
     */
    boolean post(P9Message request, LateReply late);

    /**
     * Takes in replies that nobody else waits for until {@code done} holds, which is asked without locks of the channel's.
     *
     * @param deadlineNs in {@link System#nanoTime}'s terms, or Long.MAX_VALUE
     * @return false: it does not hold, and the calling thread's task is killed, the deadline has passed or the channel is dead
     */
    boolean await(BooleanSupplier done, long deadlineNs);

    boolean isDead();

    /** Ends the connection; waiters get {@code -EIO}. */
    @Override
    void close();
}
