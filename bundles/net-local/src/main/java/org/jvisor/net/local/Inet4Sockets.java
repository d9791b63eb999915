// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.net.SocketFamily;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** AF_INET (ip(7)). */
@Component(service = SocketFamily.class)
public final class Inet4Sockets extends InetSockets {

    @Activate
    public Inet4Sockets(@Reference Memory memory, @Reference HostKernel host) {
        super(AF_INET, new SocketMemory(memory, host));
    }
}
