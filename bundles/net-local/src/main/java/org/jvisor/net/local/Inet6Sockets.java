// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.net.SocketFamily;
import org.osgi.service.component.annotations.Component;

/** AF_INET6 (ipv6(7)). */
@Component(service = SocketFamily.class)
public final class Inet6Sockets extends InetSockets {

    public Inet6Sockets() {
        super(AF_INET6);
    }
}
