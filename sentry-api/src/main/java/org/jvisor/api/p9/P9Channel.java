// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import org.osgi.annotation.versioning.ConsumerType;

/** A client's end of a connection. Any number of threads may have requests under way. */
@ConsumerType
public interface P9Channel extends AutoCloseable {

    /** Bytes of the longest message that this channel carries. */
    int messageSize();

    /**
     * Sends {@code request} and waits, without heeding interrupts, for its reply. The channel chooses the tag, except that of a
     * Tversion. A descriptor that comes with the reply is the caller's, see {@link P9Message#takeDescriptor}.
     *
     * @param reply another object than {@code request}; ready to be read when the call succeeds
     * @return length of the reply in bytes, or a negative errno: the one of an Rlerror, {@code -EMSGSIZE} for a request that is
     *     not {@link P9Message#isIntact intact}, {@code -EIO} for a reply of a wrong type and for everything once the channel is
     *     dead. It dies of the peer's end, of an error of the transport, of a message that is malformed, and of
     *     {@link #close}; whoever waits then has {@code -EIO} at once. {@code -EINTR} when the calling thread's task is killed
     *     ({@link org.jvisor.api.lock.Killable}) before the request could be sent
     */
    long call(P9Message request, P9Message reply);

    boolean isDead();

    /** Ends the connection; waiters get {@code -EIO}. */
    @Override
    void close();
}
