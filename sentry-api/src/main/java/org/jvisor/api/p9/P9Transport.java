// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import org.osgi.annotation.versioning.ConsumerType;

/** A way to carry 9P messages between two processes: a service. */
@ConsumerType
public interface P9Transport {

    /** Short name, like "unix". */
    String name();

    /**
     * The client's end.
     *
     * @param descriptor a connected one of the kind that this transport is for; owned by the channel from now on
     * @param messageSize bytes of the longest message, in either direction
     * @throws org.jvisor.api.abi.ErrnoException when the descriptor is not of that kind
     */
    P9Channel connect(int descriptor, int messageSize);

    /** The server's end; as {@link #connect}. */
    P9Port serve(int descriptor, int messageSize);
}
