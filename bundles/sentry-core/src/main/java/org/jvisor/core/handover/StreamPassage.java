// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jvisor.api.state.RecordReader;
import org.jvisor.api.state.RecordWriter;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * Records on their way through a stream of bytes, as a checkpoint has them: what is read is all that successors are made of. Objects
 * that records refer to are numbers there.
 */
final class StreamPassage implements Succession.Passage {

    private final Map<Object, Long> numbers = new IdentityHashMap<>();
    /** By their numbers, from 1 on. */
    private final List<Object> objects = new ArrayList<>();
    private final SortedMap<String, Integer> types = new TreeMap<>();
    private long bytes;

    /** Of the stream. */
    long bytes() {
        return bytes;
    }

    /** How many records there were of each type. */
    SortedMap<String, Integer> types() {
        return types;
    }

    @Override
    public void pass(List<Stateful> order, Map<Stateful, StateRecord> records) {
        try {
            byte[] stream = write(order, records);
            bytes = stream.length;
            records.clear();
            read(stream, records);
        } catch (IOException e) {
            throw new StateException("a stream in memory failed: " + e, e);
        }
        if (records.size() != order.size()) {
            throw new StateException(order.size() + " records were written, " + records.size() + " read");
        }
    }

    private byte[] write(List<Stateful> order, Map<Stateful, StateRecord> records) throws IOException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        RecordWriter writer = new RecordWriter(stream, this::number);
        for (Stateful object : order) {
            writer.write(number(object), records.get(object));
        }
        writer.end();
        return stream.toByteArray();
    }

    private void read(byte[] stream, Map<Stateful, StateRecord> records) throws IOException {
        RecordReader reader = new RecordReader(new ByteArrayInputStream(stream), stream.length, this::object);
        while (reader.next()) {
            records.put((Stateful) object(reader.id()), reader.record());
            types.merge(reader.record().type(), 1, Integer::sum);
        }
    }

    private long number(Object object) {
        Long known = numbers.putIfAbsent(object, objects.size() + 1L);
        if (known != null) {
            return known;
        }
        objects.add(object);
        return objects.size();
    }

    private Object object(long number) {
        return number < 1 || number > objects.size() ? null : objects.get((int) number - 1);
    }
}
