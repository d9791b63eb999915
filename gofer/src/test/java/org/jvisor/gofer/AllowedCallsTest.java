// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.host.HostCallScan;

/** The list of a sealed gofer's own calls against its sources; its transport has a test of its own. */
final class AllowedCallsTest {

    /** These run before the gofer is sealed, or never in a gofer. */
    private static final Set<String> BEFORE = Set.of("Main", "Confinement", "Rehearsal");

    @Test
    void shouldListExactlyWhatTheCodeCalls() throws Exception {
        new HostCallScan(Path.of("src/main/java"), BEFORE).assertListed(AllowedCalls.OWN);
    }
}
