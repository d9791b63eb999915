// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import org.osgi.annotation.versioning.ConsumerType;

/** A server's end of a connection. Any thread may receive and send. */
@ConsumerType
public interface P9Port extends AutoCloseable {

    /** Bytes of the longest message that this port carries. */
    int messageSize();

    /**
     * Waits for the next request. Descriptors that a client sends are dropped.
     *
     * @return its length; 0 at the end of the connection; or a negative errno ({@code -EPROTO}: malformed, too long), after which
     *     nothing more can be received
     */
    long receive(P9Message request);

    /**
     * Sends a reply, and a copy of its {@link P9Message#descriptor} when it has one; the descriptor stays open here.
     *
     * @return 0 or a negative errno
     */
    long send(P9Message reply);

    /** Ends the connection; threads in {@link #receive} return 0. Does not wait for them. */
    @Override
    void close();
}
