// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.host.HostCallScan;
import org.jvisor.host.ffm.FfmHostKernel;

/** What is asked of the seal, against the sources. */
class HostCallsTest {
    @Test
    void shouldAskForExactlyWhatTheCodeCalls() throws Exception {
        new HostCallScan(Path.of("src/main/java"), Set.of()).assertListed(new UnixTransport(new FfmHostKernel()).hostCalls());
    }
}
