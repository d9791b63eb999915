// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.jnr;

import org.jvisor.host.HostKernelContract;

class JnrHostKernelTest extends HostKernelContract {

    JnrHostKernelTest() {
        super(new JnrHostKernel());
    }
}
