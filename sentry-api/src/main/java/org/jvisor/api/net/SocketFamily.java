// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.net;

import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/** Makes the sockets of one address family: a service. */
@ConsumerType
public interface SocketFamily {

    /** AF_*. */
    int domain();

    /**
     * socket(2).
     *
     * @param type SOCK_STREAM, … without flags
     * @throws org.jvisor.api.abi.ErrnoException EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPERM, …
     */
    Socket create(Task task, int type, int protocol);

    /** socketpair(2): two connected ones. Throws EOPNOTSUPP where the family has none. */
    Socket[] createPair(Task task, int type, int protocol);
}
