// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.net.SocketFamily;
import org.osgi.service.component.annotations.Component;

/** AF_INET (ip(7)). */
@Component(service = SocketFamily.class)
public final class Inet4Sockets extends InetSockets {

    public Inet4Sockets() {
        super(AF_INET);
    }
}
