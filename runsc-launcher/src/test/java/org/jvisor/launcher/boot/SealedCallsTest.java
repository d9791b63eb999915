// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;

class SealedCallsTest {
    private final SealedCalls calls = new SealedCalls(HostCall.all(
        HostCall.listOf(SyscallNr.READ),
        List.of(HostCall.of(SyscallNr.FCNTL).with(1, 1, 2), HostCall.of(SyscallNr.FCNTL).with(1, 3),
            HostCall.of(SyscallNr.MMAP).withBits(2, 0xc, 0)),
        HostCall.refused(Errno.EPERM, SyscallNr.SOCKET)));

    private void assertMissing(int number, HostCall asked) {
        assertEquals(number, calls.missing(List.of(asked)).map(HostCall::number).orElse(-1));
    }

    @Test
    void shouldAllowWhatALineCovers() {
        assertMissing(-1, HostCall.of(SyscallNr.READ));
        assertMissing(-1, HostCall.of(SyscallNr.READ).with(0, 5));
        assertMissing(-1, HostCall.of(SyscallNr.FCNTL).with(1, 2).with(2, 7));
        assertMissing(-1, HostCall.of(SyscallNr.FCNTL).with(1, 1, 2, 3));
        assertMissing(-1, HostCall.of(SyscallNr.MMAP).with(2, 3));
        assertEquals(List.of(), calls.missing(HostCall.refused(Errno.EPERM, SyscallNr.CONNECT)).stream().toList());
    }

    @Test
    void shouldFindWhatNoLineCovers() {
        assertMissing(SyscallNr.CONNECT, HostCall.of(SyscallNr.CONNECT));
        assertMissing(SyscallNr.SOCKET, HostCall.of(SyscallNr.SOCKET));
        assertMissing(SyscallNr.FCNTL, HostCall.of(SyscallNr.FCNTL));
        assertMissing(SyscallNr.FCNTL, HostCall.of(SyscallNr.FCNTL).with(1, 1, 4));
        assertMissing(SyscallNr.FCNTL, HostCall.of(SyscallNr.FCNTL).with(0, 1));
        assertMissing(SyscallNr.MMAP, HostCall.of(SyscallNr.MMAP).with(2, 4));
        assertMissing(SyscallNr.MMAP, HostCall.of(SyscallNr.MMAP).withBits(2, 4, 0));
    }
}
