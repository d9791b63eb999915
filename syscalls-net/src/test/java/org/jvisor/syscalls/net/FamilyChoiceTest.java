// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;
import org.junit.jupiter.api.Test;

class FamilyChoiceTest {

    private record Family(int domain, int ranking) implements SocketFamily {
        @Override
        public Socket create(Task task, int type, int protocol) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket[] createPair(Task task, int type, int protocol) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void shouldTakeTheServiceOfTheHighestRanking() {
        Family low = new Family(2, 0);
        Family high = new Family(2, 10);
        SocketCalls calls = new SocketCalls(() -> List.of(low, new Family(1, 5), high, new Family(10, 20)));
        assertSame(high, calls.family(2));
    }

    @Test
    void shouldRefuseDomainsThatNobodyServes() {
        SocketCalls calls = new SocketCalls(() -> List.of(new Family(2, 0)));
        for (int domain : new int[] {-1, 0, 1, 3, 46, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertEquals(Errno.EAFNOSUPPORT, assertThrows(ErrnoException.class, () -> calls.family(domain)).errno());
        }
    }
}
