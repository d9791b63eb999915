// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Takes over a running platform, with all its stubs, from another build of this bundle. */
@Component
public final class PtraceDriver implements Driver {
    static final String PLATFORM = "ptrace.platform";
    static final String STUBS = "ptrace.stubs";
    static final String SPACE = "ptrace.address-space";
    static final String CONTEXT = "ptrace.context";
    static final int SCHEMA = 1;

    private final HostKernel host;

    @Activate
    public PtraceDriver(@Reference HostKernel host) {
        this.host = host;
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case PLATFORM -> new PtracePlatform(host, record);
            case STUBS -> new Stubs(host, record);
            case SPACE -> new PtraceAddressSpace(record);
            case CONTEXT -> new PtraceContext(record);
            default -> throw new StateException("the ptrace platform knows no record of type " + record.type());
        };
    }
}
