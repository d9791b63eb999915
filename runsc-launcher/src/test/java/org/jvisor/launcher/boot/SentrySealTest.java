// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.host.HostCallScan;

/** What the boot's own code calls once the Sentry is sealed: it serves the control socket. */
class SentrySealTest {
    private static final Path SOURCES = Path.of("src/main/java/org/jvisor/launcher");

    @Test
    void shouldListExactlyWhatServingTheControlSocketCalls() throws IOException {
        // Of the launcher's HostCalls, which runsc uses for much else: accept, isPeerOurs, close.
        Set<String> others = Set.of("CallerStdio", "CurrentDirectory", "HostName", "HostTerminal", "SignalPipe", "Poll", "Child",
            "Sandbox", "StateFolder", "LastWords", "SentryMain", "SentrySeal");
        new HostCallScan(SOURCES, others).assertListed(SentrySeal.OWN, SyscallNr.OPEN, SyscallNr.CLOSE_RANGE, SyscallNr.SOCKETPAIR,
            SyscallNr.UNLINK, SyscallNr.MKDIR, SyscallNr.BIND, SyscallNr.CHMOD, SyscallNr.LISTEN, SyscallNr.CONNECT, SyscallNr.SOCKET,
            SyscallNr.PIPE2, SyscallNr.MEMFD_CREATE, SyscallNr.LSEEK, SyscallNr.WRITE, SyscallNr.READ);
    }
}
