// SPDX-License-Identifier: Apache-2.0
package org.jvisor.examples.parent;

import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.osgi.service.component.annotations.Component;

/** Answers getppid(2) with a number of its own, before jVisor's family of that call is asked. */
@Component(property = "service.ranking:Integer=100")
public final class FixedParent implements SyscallFamily {

    @Override
    public String name() {
        return "fixed-parent";
    }

    @Override
    public CallTable calls() {
        return new CallTable((task, arguments) -> 4711).partial(SyscallNr.GETPPID, "Always the same number.");
    }
}
