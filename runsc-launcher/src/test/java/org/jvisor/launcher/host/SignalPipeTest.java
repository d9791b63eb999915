// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.ffm.FfmHostKernel;

class SignalPipeTest {

    @Test
    void shouldBringSignalsByThePipe() {
        HostKernel host = new FfmHostKernel();
        SignalPipe signals = new SignalPipe(new HostCalls(host));
        signals.take(Signals.SIGUSR1, Signals.SIGQUIT);
        assertEquals(0, signals.next());
        long self = host.syscall(SyscallNr.GETPID);
        for (int signal : new int[] {Signals.SIGUSR1, Signals.SIGQUIT, Signals.SIGUSR1}) {
            host.syscall(SyscallNr.KILL, self, signal);
            try (Poll poll = new Poll(host, signals.descriptor())) {
                do {
                    poll.await();
                } while (!poll.isReady(signals.descriptor()));
                assertTrue(poll.isReady(signals.descriptor()));
            }
            assertEquals(signal, signals.next());
        }
        assertEquals(0, signals.next());
    }
}
