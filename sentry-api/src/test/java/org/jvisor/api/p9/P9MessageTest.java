// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Messages as bytes, against the protocol's description, and what becomes of broken ones. */
final class P9MessageTest {
    private static final long SEED = 7;

    private final P9Message message = new P9Message(512);

    private String bytes() {
        return HexFormat.of().formatHex(Arrays.copyOf(message.bytes(), message.length()));
    }

    @Test
    void shouldLayMessagesOutAsTheProtocolSays() {
        P9Requests.version(message, 0x10000, "9P2000.L");
        assertEquals("15000000" + "64" + "ffff" + "00000100" + "0800" + "395032303030" + "2e4c", bytes());
        P9Requests.walk(message, 1, 2, new String[] {"x", "ab", "c"}, 1, 2);
        message.setTag(0x0102);
        assertEquals("18000000" + "6e" + "0201" + "01000000" + "02000000" + "0200" + "02006162" + "010063", bytes());
        P9Requests.read(message, 3, 0x1122334455667788L, 9);
        assertEquals("17000000" + "74" + "0201" + "03000000" + "8877665544332211" + "09000000", bytes());
        P9Requests.fsync(message, 4, true);
        assertEquals("0f000000" + "32" + "0201" + "04000000" + "01000000", bytes());
        P9Replies.error(message, 2);
        assertEquals("0b000000" + "07" + "0201" + "02000000", bytes());
    }

    @Test
    void shouldReadWhatWasWritten() {
        P9Attributes written = new P9Attributes();
        written.qidType = P9.QTDIR;
        written.qidVersion = -5;
        written.qidPath = Long.MIN_VALUE + 3;
        written.mode = 040755;
        written.size = Long.MAX_VALUE;
        written.mtimeSeconds = -1;
        written.btimeNanos = 999_999_999;
        P9Replies.getattr(message, P9.GETATTR_BASIC, written);
        // Rgetattr is 160 bytes long, as Linux's client expects it.
        assertEquals(160, message.length());
        assertTrue(message.received(message.length()));
        assertEquals(P9.GETATTR_BASIC, message.getLong());
        P9Attributes read = new P9Attributes();
        read.read(message);
        assertTrue(message.isIntact());
        assertEquals(written.qidPath, read.qidPath);
        assertEquals(written.qidVersion, read.qidVersion);
        assertEquals(written.mode, read.mode);
        assertEquals(written.size, read.size);
        assertEquals(-1, read.mtimeSeconds);
        assertEquals(999_999_999, read.btimeNanos);
    }

    @Test
    void shouldTellOfWhatDoesNotFitOnce() {
        P9Message small = new P9Message(16);
        small.start(P9.TWRITE).putLong(1).putInt(2);
        assertFalse(small.isIntact());
        small.start(P9.TWRITE).putInt(1);
        int before = small.position();
        small.putLong(2);
        small.rewind(before);
        assertTrue(small.isIntact());
        assertFalse(small.start(P9.TWALK).putString("x".repeat(70_000)).isIntact());
    }

    @Test
    void shouldRefuseLengthsThatAreNotTrue() {
        P9Requests.clunk(message, 1);
        assertTrue(message.received(11));
        assertFalse(message.received(10));
        assertFalse(message.received(12));
        assertFalse(message.received(3));
        assertEquals(0, message.getInt());
    }

    @Test
    void shouldNeverReadBeyondTheEnd() {
        Random random = new Random(SEED);
        for (int round = 0; round < 2000; round++) {
            int length = P9Message.HEADER + random.nextInt(40);
            random.nextBytes(message.bytes());
            message.bytes()[0] = (byte) length;
            Arrays.fill(message.bytes(), 1, 4, (byte) 0);
            assertTrue(message.received(length));
            for (int i = 0; i < 10; i++) {
                switch (random.nextInt(5)) {
                    case 0 -> message.getByte();
                    case 1 -> message.getLong();
                    case 2 -> assertTrue(message.getStringPosition() + message.stringLength() <= length);
                    case 3 -> message.getBytesPosition(random.nextInt());
                    default -> new P9Attributes().read(message);
                }
                assertTrue(message.position() <= length);
            }
        }
    }

    @Test
    void shouldKeepWritersInsideTheirMessage() {
        message.start(P9.TREADDIR + 1).putInt(0);
        assertThrows(IndexOutOfBoundsException.class, () -> message.setInt(message.position() - 3, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> message.setInt(0, 1));
    }

    @Test
    void shouldCarryExportsInLines() {
        List<GoferExport> exports = List.of(new GoferExport("/", true), new GoferExport("/a b\n\\n", false));
        StringBuilder lines = new StringBuilder();
        exports.forEach(export -> lines.append(export.toLine()));
        assertEquals(exports, GoferExport.parse(lines.toString()));
        for (String wrong : new String[] {"ro /a", "rx /a\n", "ro a\n", "ro /\\x\n", "ro /\\\n"}) {
            assertThrows(IllegalArgumentException.class, () -> GoferExport.parse(wrong), wrong);
        }
        assertArrayEquals(new GoferExport[0], GoferExport.parse("").toArray());
    }
}
