// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RecordStreamTest {

    private static final long LIMIT = 1 << 20;

    /** What records refer to, by number, from 1 on. */
    private final List<Object> objects = List.of(new Node(), "core", new Node(), new Object());

    private static final class Node implements Stateful {
        @Override
        public StateRecord save() {
            return new StateRecord("test.node", 1);
        }
    }

    // ---- there and back

    @Test
    void shouldReadEveryKindOfField() throws IOException {
        StateRecord record = new StateRecord("test.all", 7).put("min", Long.MIN_VALUE).put("max", Long.MAX_VALUE).put("minus", -1)
            .put("yes", true).put("text", "\u0000a\u00ff").put("wide", "\u20ac\uffff").put("bytes", new byte[] {1, 0, -1})
            .put("longs", new long[] {0, -1, Long.MIN_VALUE}).putOwn("own", (Node) objects.get(0)).putCore("core", objects.get(1))
            .putCores("cores", Arrays.asList(objects.get(3), null, objects.get(1))).putList("none");
        record.add("some").put("a", 1).add("inner").put("b", 2);
        record.add("some");
        StateRecord read = readAll(write(record)).getFirst();
        assertEquals("test.all", read.type());
        assertEquals(7, read.schema());
        assertEquals(names(record), names(read));
        assertEquals(Long.MIN_VALUE, read.requireLong("min"));
        assertEquals(Long.MAX_VALUE, read.requireLong("max"));
        assertEquals(-1, read.requireLong("minus"));
        assertTrue(read.getBoolean("yes", false));
        assertEquals("\u0000a\u00ff", read.requireString("text"));
        assertEquals("\u20ac\uffff", read.requireString("wide"));
        assertArrayEquals(new byte[] {1, 0, -1}, read.getBytes("bytes"));
        assertArrayEquals(new long[] {0, -1, Long.MIN_VALUE}, read.getLongs("longs"));
        assertSame(objects.get(0), read.requireOwn("own", Node.class));
        assertSame(objects.get(1), read.requireCore("core", String.class));
        assertEquals(Arrays.asList(objects.get(3), null, objects.get(1)), read.cores("cores"));
        assertTrue(read.has("none") && read.items("none").isEmpty());
        assertEquals(2, read.items("some").size());
        assertEquals(2, read.items("some").getFirst().items("inner").getFirst().requireLong("b"));
    }

    @Test
    void shouldGiveTheSuccessorsOfWhatIsReferredTo() throws IOException {
        Node successor = new Node();
        StateRecord read = readAll(write(new StateRecord("test.one", 1).putOwn("own", (Node) objects.get(0))
            .putCore("core", objects.get(0)).putCores("cores", List.of(objects.get(1), objects.get(0))))).getFirst();
        read.resolveBy(object -> object == objects.get(0) ? successor : object);
        assertSame(successor, read.own("own", Node.class));
        assertSame(successor, read.core("core", Node.class));
        assertEquals(List.of(objects.get(1), successor), read.cores("cores"));
    }

    @Test
    void shouldReadWhatRandomRecordsWereWritten() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            StateRecord[] records = new StateRecord[random.nextInt(6)];
            for (int i = 0; i < records.length; i++) {
                records[i] = randomRecord(random, 0);
            }
            byte[] bytes = write(records);
            assertArrayEquals(bytes, write(readAll(bytes).toArray(StateRecord[]::new)), "seed " + seed);
        }
    }

    // ---- bytes that no writer wrote

    @Test
    void shouldRefuseBytesThatWereChanged() throws IOException {
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = write(randomRecord(random, 0), randomRecord(random, 0));
            byte[] broken = bytes.clone();
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                broken[random.nextInt(broken.length)] = (byte) random.nextInt();
            }
            if (!Arrays.equals(bytes, broken)) {
                assertThrows(StateException.class, () -> readAll(broken), "seed " + seed);
            }
        }
    }

    @Test
    void shouldRefuseAStreamThatEndsEarly() throws IOException {
        byte[] bytes = write(randomRecord(new Random(1), 0), randomRecord(new Random(2), 0));
        for (int length = 0; length < bytes.length; length++) {
            byte[] begin = Arrays.copyOf(bytes, length);
            assertThrows(StateException.class, () -> readAll(begin), length + " bytes");
        }
    }

    /** The sum at the end does not help against bytes that are made up: with the right beginning, anything may follow. */
    @Test
    void shouldRefuseNoise() throws IOException {
        byte[] begin = Arrays.copyOf(write(), RecordFormat.MAGIC.length + 1);
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] noise = Arrays.copyOf(begin, begin.length + 1 + random.nextInt(200));
            for (int i = begin.length; i < noise.length; i++) {
                // Small numbers get further than large ones.
                noise[i] = (byte) (random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(12));
            }
            assertThrows(StateException.class, () -> readAll(noise), "seed " + seed);
        }
    }

    @Test
    void shouldNotTakeMemoryForWhatIsNotThere() throws IOException {
        byte[] begin = Arrays.copyOf(write(), RecordFormat.MAGIC.length + 1);
        int[] kinds = {RecordFormat.TEXT, RecordFormat.WIDE_TEXT, RecordFormat.BYTES, RecordFormat.LONGS, RecordFormat.LIST,
            RecordFormat.CORES};
        for (int kind : kinds) {
            // A record "a" with a field "a" of 2^30 somethings.
            byte[] bytes = concat(begin, 1, 1, 0, 1, 'a', 1, 1, 1, kind, 0x80, 0x80, 0x80, 0x80, 4);
            assertThrows(StateException.class, () -> readAll(bytes, Long.MAX_VALUE), "kind " + kind);
        }
    }

    @Test
    void shouldRefuseListsThatAreTooDeep() {
        StateRecord outer = new StateRecord("test.deep", 1);
        StateRecord inner = outer;
        for (int i = 0; i < RecordFormat.MAX_DEPTH + 1; i++) {
            inner = inner.add("l");
        }
        assertThrows(StateException.class, () -> write(outer));
    }

    @Test
    void shouldRefuseMoreThanItsLimit() throws IOException {
        byte[] bytes = write(new StateRecord("test.one", 1).put("a", 1));
        assertEquals(1, readAll(bytes, bytes.length).size());
        assertThrows(StateException.class, () -> readAll(bytes, bytes.length - 1));
    }

    @Test
    void shouldSayWhichVersionItDoesNotKnow() throws IOException {
        byte[] bytes = write();
        bytes[RecordFormat.MAGIC.length] = 9;
        assertTrue(assertThrows(StateException.class, () -> readAll(bytes)).getMessage().contains("version 9"));
    }

    @Test
    void shouldRefuseReferencesToNothingAndToTheWrongKind() throws IOException {
        byte[] begin = Arrays.copyOf(write(), RecordFormat.MAGIC.length + 1);
        byte[] nothing = concat(begin, 1, 1, 0, 1, 'a', 1, 1, 1, RecordFormat.CORE, 99);
        assertTrue(assertThrows(StateException.class, () -> readAll(nothing)).getMessage().contains("object 99"));
        byte[] wrong = concat(begin, 1, 1, 0, 1, 'a', 1, 1, 1, RecordFormat.OWN, 2);
        assertTrue(assertThrows(StateException.class, () -> readAll(wrong)).getMessage().contains("another kind"));
    }

    // ---- helpers

    private StateRecord randomRecord(Random random, int depth) {
        StateRecord record = new StateRecord("test.t" + random.nextInt(5), random.nextInt(100));
        for (int i = random.nextInt(8); i > 0; i--) {
            String name = "f" + i;
            switch (random.nextInt(depth < 3 ? 8 : 7)) {
                case 0 -> record.put(name, random.nextLong() >> random.nextInt(Long.SIZE));
                case 1 -> record.put(name, randomText(random, 256));
                case 2 -> record.put(name, randomText(random, 1 << Character.SIZE));
                case 3 -> {
                    byte[] bytes = new byte[random.nextInt(40)];
                    random.nextBytes(bytes);
                    record.put(name, bytes);
                }
                case 4 -> record.put(name, random.longs(random.nextInt(600)).toArray());
                case 5 -> record.putAny(name, objects.get(random.nextInt(objects.size())));
                case 6 -> record.putCores(name, random.ints(random.nextInt(5), 0, objects.size() + 1)
                    .mapToObj(at -> at == objects.size() ? null : objects.get(at)).toList());
                default -> {
                    record.putList(name);
                    StateRecord item = record.add(name);
                    randomRecord(random, depth + 1).fields().forEach(item::enter);
                }
            }
        }
        return record;
    }

    private static String randomText(Random random, int chars) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(20); i > 0; i--) {
            text.append((char) random.nextInt(chars));
        }
        return text.toString();
    }

    private byte[] write(StateRecord... records) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        RecordWriter writer = new RecordWriter(bytes, object -> objects.indexOf(object) + 1);
        for (int i = 0; i < records.length; i++) {
            writer.write(i + 1, records[i]);
        }
        writer.end();
        assertEquals(bytes.size(), writer.bytes());
        return bytes.toByteArray();
    }

    private List<StateRecord> readAll(byte[] bytes) throws IOException {
        return readAll(bytes, LIMIT);
    }

    private List<StateRecord> readAll(byte[] bytes, long limit) throws IOException {
        RecordReader reader = new RecordReader(new ByteArrayInputStream(bytes), limit,
            number -> number >= 1 && number <= objects.size() ? objects.get((int) number - 1) : null);
        List<StateRecord> records = new ArrayList<>();
        while (reader.next()) {
            records.add(reader.record());
        }
        return records;
    }

    private static List<String> names(StateRecord record) {
        List<String> names = new ArrayList<>();
        record.names().forEach(names::add);
        return names;
    }

    private static byte[] concat(byte[] begin, int... rest) {
        byte[] all = Arrays.copyOf(begin, begin.length + rest.length);
        for (int i = 0; i < rest.length; i++) {
            all[begin.length + i] = (byte) rest[i];
        }
        return all;
    }
}
