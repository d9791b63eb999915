// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.ffm;

import org.jvisor.host.HostKernelContract;

class FfmHostKernelTest extends HostKernelContract {

    FfmHostKernelTest() {
        super(new FfmHostKernel());
    }
}
