// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.Cgroup.Counter;

class CgroupTest {

    private final Cgroup sandbox = new Cgroup(null);
    private final Cgroup first = new Cgroup(sandbox);
    private final Cgroup second = new Cgroup(sandbox);

    @Test
    void shouldBoundOneContainerWithoutItsNeighbour() {
        first.setLimit(Counter.OPEN_FILES, 2);
        assertTrue(first.tryCharge(Counter.OPEN_FILES, 2));
        assertFalse(first.tryCharge(Counter.OPEN_FILES, 1));
        assertTrue(second.tryCharge(Counter.OPEN_FILES, 10));
        assertEquals(2, first.used(Counter.OPEN_FILES));
        assertEquals(12, sandbox.used(Counter.OPEN_FILES));
    }

    @Test
    void shouldChargeNothingAnywhereWhenTheTopRefuses() {
        sandbox.setLimit(Counter.HEAP_BYTES, 100);
        assertTrue(first.tryCharge(Counter.HEAP_BYTES, 60));
        assertFalse(second.tryCharge(Counter.HEAP_BYTES, 60));
        assertEquals(0, second.used(Counter.HEAP_BYTES));
        assertEquals(60, sandbox.used(Counter.HEAP_BYTES));
        first.uncharge(Counter.HEAP_BYTES, 60);
        assertTrue(second.tryCharge(Counter.HEAP_BYTES, 60));
    }

    @Test
    void shouldKeepCountersApart() {
        first.setLimit(Counter.SOCKET_BYTES, 0);
        assertFalse(first.tryCharge(Counter.SOCKET_BYTES, 1));
        assertTrue(first.tryCharge(Counter.HEAP_BYTES, 1));
    }
}
