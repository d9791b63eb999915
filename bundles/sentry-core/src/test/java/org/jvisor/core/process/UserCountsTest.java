// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class UserCountsTest {

    private final UserCounts counts = new UserCounts();

    @Test
    void shouldForgetUsersWhoHaveNothing() {
        counts.addTask(0);
        for (int uid = 1; uid < 100_000; uid++) {
            counts.addTask(uid);
            counts.removeTask(uid - 1);
        }
        assertEquals(1, counts.users());
        assertFalse(counts.addSignal(7, 0));
        assertEquals(1, counts.users());
    }

    @Test
    void shouldKeepUsersWithSignalsOnTheirWay() {
        assertEquals(1, counts.addTask(5));
        assertEquals(2, counts.addTask(5));
        assertTrue(counts.addSignal(5, 1));
        assertFalse(counts.addSignal(5, 1));
        assertTrue(counts.addSignal(5, -1), "limits are unsigned");
        counts.removeTask(5);
        counts.removeTask(5);
        counts.removeSignal(5);
        assertEquals(1, counts.users());
        counts.removeSignal(5);
        assertEquals(0, counts.users());
    }
}
