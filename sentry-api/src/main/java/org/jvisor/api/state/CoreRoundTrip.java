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
 * Writes what objects of the core hold to a stream in memory, has them forget it, and sets it again from what is read: a checkpoint of
 * the core, and its restoration in the sandbox that it is of. What an object leaves out is lost, so that it shows. For once; the
 * conditions are {@link Restorable}'s.
 */
public final class CoreRoundTrip {

    private final List<Restorable> objects = new ArrayList<>();
    private final List<StateRecord> saved = new ArrayList<>();
    private final List<StateRecord> read = new ArrayList<>();
    private final Map<Object, Long> numbers = new IdentityHashMap<>();
    /** By their numbers, from 1 on: those above, and whatever they refer to. */
    private final List<Object> numbered = new ArrayList<>();
    private final SortedMap<String, Integer> types = new TreeMap<>();
    private long bytes;

    /** @param roots with all that is reached from them */
    public CoreRoundTrip(Iterable<? extends Restorable> roots) {
        roots.forEach(this::find);
        // Not by recursion, for how long the chains are is up to the application.
        for (int i = 0; i < objects.size(); i++) {
            objects.get(i).forEachPart(this::find);
        }
    }

    private void find(Restorable object) {
        if (numbers.putIfAbsent(object, objects.size() + 1L) == null) {
            objects.add(object);
            numbered.add(object);
        }
    }

    /** How many records were set, by their types. */
    public SortedMap<String, Integer> types() {
        return types;
    }

    /** Of the stream. */
    public long bytes() {
        return bytes;
    }

    /** @throws StateException when that cannot be done: everything is as before then */
    public void run() {
        objects.forEach(object -> saved.add(object.save()));
        try {
            byte[] stream = write();
            bytes = stream.length;
            read(stream);
        } catch (IOException e) {
            throw new StateException("a stream in memory failed: " + e, e);
        }
        if (read.size() != objects.size()) {
            throw new StateException(objects.size() + " records were written, " + read.size() + " read");
        }
        try {
            restore(read);
        } catch (RuntimeException e) {
            restore(saved);
            throw e;
        }
        read.forEach(record -> types.merge(record.type(), 1, Integer::sum));
    }

    private void restore(List<StateRecord> records) {
        objects.forEach(Restorable::forget);
        for (int i = 0; i < records.size(); i++) {
            objects.get(i).restore(records.get(i));
        }
    }

    private byte[] write() throws IOException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        RecordWriter writer = new RecordWriter(stream, this::number);
        for (int i = 0; i < objects.size(); i++) {
            writer.write(i + 1L, saved.get(i));
        }
        writer.end();
        return stream.toByteArray();
    }

    private void read(byte[] stream) throws IOException {
        RecordReader reader = new RecordReader(new ByteArrayInputStream(stream), stream.length, this::object);
        while (reader.next()) {
            read.add(reader.record());
            if (reader.id() != read.size()) {
                throw new StateException("object " + reader.id() + " is in the place of object " + read.size());
            }
        }
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
