// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.platform.Platform;

class KvmPlatformTest {

    @Test
    void shouldSayThatItCannotBeUsed() {
        Platform platform = new KvmPlatform();
        Platform.Probe probe = platform.probe();
        assertEquals("kvm", platform.name());
        assertFalse(probe.usable());
        assertEquals(1, probe.reason().lines().count());
    }

    @Test
    void shouldRefuseToStart() {
        assertThrows(ErrnoException.class, () -> new KvmPlatform().start(0));
    }
}
