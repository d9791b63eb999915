// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.host.HostCallScan;
import org.jvisor.host.ffm.FfmHostKernel;

/** What is asked of the seal, against the sources. */
class HostCallsTest {
    @Test
    void shouldAskForExactlyWhatTheCodeCalls() throws Exception {
        new HostCallScan(Path.of("src/main/java"), Set.of("StubImage", "StubFilter", "GuestProbe", "FirstStub"))
            .assertListed(new PtracePlatform(new FfmHostKernel()).hostCalls(), SyscallNr.SCHED_GETAFFINITY);
    }
}
