// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.host.HostCallScan;

/** What is asked of the seal, against the sources. */
class HostCallsTest {
    @Test
    void shouldAskForExactlyWhatTheCodeCalls() throws Exception {
        new HostCallScan(Path.of("src/main/java"), Set.of(), "call", "uninterrupted").assertListed(HostFilesImpl.HOST_CALLS);
    }
}
