// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.net;

/** Who makes the sockets of a network namespace. Any thread; takes no lock. */
@FunctionalInterface
public interface SocketFamilies {

    /**
     * Of several services the one of the highest ranking.
     *
     * @param domain AF_*, or any other number
     * @return null when there is none
     */
    SocketFamily family(int domain);
}
