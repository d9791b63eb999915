// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.CpuMask;

class TextTest {

    @Test
    void shouldPadNumbersAsTheKernelDoes() {
        assertEquals("   7|007|a |00ff|017", new Text().right(7, 4).add('|').padded(7, 3).add('|').left("a", 2).add('|')
                .hex(255, 4).add('|').octal(15, 3).toString());
        assertEquals("123456", new Text().right(123456, 4).toString());
        assertEquals("18446744073709551615", new Text().addUnsigned(-1).toString());
    }

    @Test
    void shouldEscapeByOctalNumbers() {
        assertEquals("a\\040b\\134", new Text().escaped("a b\\", " \\").toString());
    }

    @Test
    void shouldHoldBytes() {
        assertArrayEquals(new byte[] {(byte) 0xe4, 'x'}, new Text().add("\u00e4x").bytes());
    }

    @Test
    void shouldWriteCpuSets() {
        assertEquals("3", CpuMask.hex(3, 2));
        assertEquals("0f", CpuMask.hex(15, 8));
        assertEquals("3,ffffffff", CpuMask.hex(CpuMask.all(34), 34));
        assertEquals("0-1,3,8-63", CpuMask.list(0xffff_ffff_ffff_ff0bL));
        assertEquals("", CpuMask.list(0));
    }

    @Test
    void shouldReadNumbersAsCDoes() {
        assertEquals(255, ProcessText.number(Text.bytes("0xff\n")));
        assertEquals(8, ProcessText.number(Text.bytes(" 010")));
        assertEquals(-17, ProcessText.number(Text.bytes("-17\n")));
        assertNull(ProcessText.number(Text.bytes("ten")));
        assertNull(ProcessText.number(Text.bytes("")));
        assertNull(ProcessText.number(Text.bytes("99999999999999999999")));
    }
}
