// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.ErrnoException;

class DevptsOptionsTest {

    @Test
    void shouldReadWhatRuntimesWrite() {
        DevptsOptions options = DevptsOptions.parse("newinstance,ptmxmode=0666,mode=0620,gid=5");
        assertEquals(0666, options.ptmxMode());
        assertEquals(0620, options.mode());
        assertEquals(5, options.gid());
        assertEquals(-1, options.uid());
        assertEquals(",gid=5,mode=620,ptmxmode=666", options.shown());
    }

    @Test
    void shouldKnowTheDefaults() {
        assertEquals(",mode=600,ptmxmode=000", DevptsOptions.parse("").shown());
    }

    @Test
    void shouldRefuseOthers() {
        assertThrows(ErrnoException.class, () -> DevptsOptions.parse("size=5"));
        assertThrows(ErrnoException.class, () -> DevptsOptions.parse("mode=9"));
    }
}
