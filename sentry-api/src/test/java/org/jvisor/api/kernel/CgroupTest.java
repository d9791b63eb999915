// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.ErrnoException;

class CgroupTest {

    private final Cgroup sandbox = new Cgroup(null);
    private final Cgroup first = new Cgroup(sandbox);
    private final Cgroup second = new Cgroup(sandbox);

    @Test
    void shouldBoundOneContainerWithoutItsNeighbour() {
        first.setLimit(Charge.OPEN_FILE, 2);
        assertTrue(first.tryCharge(Charge.OPEN_FILE, 2));
        assertFalse(first.tryCharge(Charge.OPEN_FILE, 1));
        assertTrue(second.tryCharge(Charge.OPEN_FILE, 10));
        assertEquals(2, first.used(Charge.OPEN_FILE));
        assertEquals(12, sandbox.used(Charge.OPEN_FILE));
    }

    @Test
    void shouldChargeNothingAnywhereWhenTheTopRefuses() {
        sandbox.setHeapLimit(100);
        assertTrue(first.tryCharge(Charge.EXEC_BYTE, 60));
        assertFalse(second.tryCharge(Charge.INODE_BYTE, 60));
        assertEquals(0, second.used(Charge.INODE_BYTE));
        assertEquals(0, second.heapBytes());
        assertEquals(60, sandbox.heapBytes());
        first.uncharge(Charge.EXEC_BYTE, 60);
        assertTrue(second.tryCharge(Charge.INODE_BYTE, 60));
    }

    @Test
    void shouldKeepCountersApart() {
        first.setLimit(Charge.SOCKET_BYTE, 0);
        assertFalse(first.tryCharge(Charge.SOCKET_BYTE, 1));
        assertTrue(first.tryCharge(Charge.SOCKET, 1));
        first.setMemoryLimit(Charge.PAGE.memoryBytes());
        assertTrue(first.tryCharge(Charge.PAGE, 1));
        assertTrue(first.isFull(Charge.PAGE));
        assertFalse(first.isFull(Charge.SOCKET));
        assertEquals(Charge.PAGE.errno(), assertThrows(ErrnoException.class, () -> first.requireCharge(Charge.PAGE, 1)).errno());
        assertEquals(Charge.SOCKET.heapBytes(), first.heapBytes());
    }
}
