// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;

class SocketFamilyTableTest {

    private record Family(int domain, String name) implements SocketFamily {
        @Override
        public Socket create(Task task, int type, int protocol) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket[] createPair(Task task, int type, int protocol) {
            throw new UnsupportedOperationException();
        }
    }

    private final SocketFamilyTable table = new SocketFamilyTable();
    private final NetNamespace net = new NetNamespace(1, table);

    @Test
    void shouldTakeTheServiceOfTheHighestRanking() {
        Family low = new Family(2, "low");
        Family high = new Family(2, "high");
        table.add(low, 0, 1);
        table.add(high, 10, 2);
        table.add(new Family(1, "other"), 20, 3);
        assertSame(high, net.family(2));
        table.remove(high);
        assertSame(low, net.family(2));
        table.remove(low);
        assertNull(net.family(2));
    }

    @Test
    void shouldTakeTheOlderOneOfTheSameRanking() {
        Family older = new Family(2, "older");
        Family newer = new Family(2, "newer");
        table.add(newer, 0, 7);
        table.add(older, 0, 3);
        assertSame(older, net.family(2));
    }

    @Test
    void shouldKnowOfNoDomainsThatNobodyServes() {
        table.add(new Family(2, "one"), 0, 1);
        Family nonsense = new Family(99, "out of range");
        assertThrows(IllegalArgumentException.class, () -> table.add(nonsense, 0, 2));
        assertFalse(table.has(nonsense));
        for (int domain : new int[] {-1, 0, 1, 3, 46, 99, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertNull(net.family(domain));
        }
    }
}
