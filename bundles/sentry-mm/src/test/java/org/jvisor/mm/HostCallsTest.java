// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.HostCallScan;
import org.jvisor.host.ffm.FfmHostKernel;

/** What is asked of the seal, against the sources. */
class HostCallsTest {
    @Test
    void shouldAskForExactlyWhatTheCodeCalls() throws Exception {
        HostKernel host = new FfmHostKernel();
        MemoryComponent memory = new MemoryComponent(host);
        try {
            new HostCallScan(Path.of("src/main/java"), Set.of()).assertListed(memory.hostCalls(), SyscallNr.MEMFD_CREATE,
                SyscallNr.FTRUNCATE, SyscallNr.SYSINFO);
        } finally {
            memory.deactivate();
        }
    }
}
