// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Takes records through a stream of bytes in memory, as a checkpoint has them: what comes out holds only what was written. Objects that
 * records refer to are numbers there. For once; not for several threads.
 */
public final class RecordPassage {

    private final Map<Object, Long> numbers = new IdentityHashMap<>();
    /** By their numbers, from 1 on: those that have records, then whatever these refer to. */
    private final List<Object> numbered = new ArrayList<>();
    private final SortedMap<String, Integer> types = new TreeMap<>();
    private long bytes;

    /** How many records came out, by their types. */
    public SortedMap<String, Integer> types() {
        return types;
    }

    /** Of the stream. */
    public long bytes() {
        return bytes;
    }

    /**
     * @param objects each once
     * @param records one an object, in the same order
     * @return the same as they were read
     * @throws StateException when they cannot be written, or come out as others
     */
    public List<StateRecord> pass(List<?> objects, List<StateRecord> records) {
        objects.forEach(this::number);
        try {
            byte[] stream = write(records);
            bytes = stream.length;
            return read(stream, records.size());
        } catch (IOException e) {
            throw new StateException("a stream in memory failed: " + e, e);
        }
    }

    private byte[] write(List<StateRecord> records) throws IOException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        RecordWriter writer = new RecordWriter(stream, this::number);
        for (int i = 0; i < records.size(); i++) {
            writer.write(i + 1L, records.get(i));
        }
        writer.end();
        return stream.toByteArray();
    }

    private List<StateRecord> read(byte[] stream, int count) throws IOException {
        List<StateRecord> records = new ArrayList<>(count);
        RecordReader reader = new RecordReader(new ByteArrayInputStream(stream), stream.length, this::object);
        while (reader.next()) {
            records.add(reader.record());
            types.merge(reader.record().type(), 1, Integer::sum);
            if (reader.id() != records.size()) {
                throw new StateException("object " + reader.id() + " is in the place of object " + records.size());
            }
        }
        if (records.size() != count) {
            throw new StateException(count + " records were written, " + records.size() + " read");
        }
        return records;
    }

    private long number(Object object) {
        Long known = numbers.putIfAbsent(object, numbered.size() + 1L);
        if (known != null) {
            return known;
        }
        numbered.add(object);
        return numbered.size();
    }

    private Object object(long number) {
        return number < 1 || number > numbered.size() ? null : numbered.get((int) number - 1);
    }
}
