// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/** Writes records to a stream, from which {@link RecordReader} reads them. Not for several threads. */
public final class RecordWriter {

    private static final int SEVEN_BITS = 0x7f;
    private static final int WIDEST_TEXT_CHAR = 0xff;

    private final CheckedOutputStream out;
    private final ToLongFunction<Object> ids;
    private final Map<String, Integer> names = new HashMap<>();
    private long frames;
    private long bytes;

    /**
     * @param out not closed here; better with a buffer
     * @param ids the number, from 1 on, of an object that a record refers to; it throws when it knows none
     */
    public RecordWriter(OutputStream out, ToLongFunction<Object> ids) throws IOException {
        this.out = new CheckedOutputStream(out, new CRC32C());
        this.ids = ids;
        raw(RecordFormat.MAGIC);
        number(RecordFormat.VERSION);
    }

    /** How many bytes have been written. */
    public long bytes() {
        return bytes;
    }

    /**
     * Writes what the object with the number {@code id} is made of.
     *
     * @throws StateException when it cannot be written: the name of a type or a field is no Latin-1, or lists are too deep
     */
    public void write(long id, StateRecord record) throws IOException {
        one(RecordFormat.FRAME);
        number(id);
        record(record, 0);
        frames++;
    }

    /** No more records follow; without this the stream is not whole. */
    public void end() throws IOException {
        one(RecordFormat.END);
        number(frames);
        long sum = out.getChecksum().getValue();
        for (int i = 0; i < Integer.BYTES; i++) {
            one((int) (sum >>> i * Byte.SIZE) & 0xff);
        }
        out.flush();
    }

    private void record(StateRecord record, int depth) throws IOException {
        if (depth > RecordFormat.MAX_DEPTH) {
            throw new StateException(record.type() + ": lists in lists, more than " + RecordFormat.MAX_DEPTH);
        }
        name(record.type());
        number(record.schema());
        number(record.fields().size());
        for (Map.Entry<String, Object> field : record.fields().entrySet()) {
            name(field.getKey());
            value(field.getValue(), depth);
        }
    }

    private void value(Object value, int depth) throws IOException {
        switch (value) {
            case Long number -> {
                one(RecordFormat.LONG);
                signed(number);
            }
            case String text -> text(text);
            case byte[] array -> {
                one(RecordFormat.BYTES);
                number(array.length);
                raw(array);
            }
            case long[] numbers -> {
                one(RecordFormat.LONGS);
                number(numbers.length);
                for (long number : numbers) {
                    signed(number);
                }
            }
            case StateRecord.Own own -> {
                one(RecordFormat.OWN);
                number(ids.applyAsLong(own.object()));
            }
            case StateRecord.Core core -> {
                one(RecordFormat.CORE);
                number(ids.applyAsLong(core.object()));
            }
            case StateRecord.Cores cores -> {
                one(RecordFormat.CORES);
                number(cores.objects().size());
                for (Object object : cores.objects()) {
                    number(object == null ? 0 : ids.applyAsLong(object));
                }
            }
            default -> list((List<?>) value, depth);
        }
    }

    private void list(List<?> items, int depth) throws IOException {
        one(RecordFormat.LIST);
        number(items.size());
        for (Object item : items) {
            record((StateRecord) item, depth + 1);
        }
    }

    private void text(String text) throws IOException {
        if (isLatin1(text)) {
            one(RecordFormat.TEXT);
            latin1(text);
        } else {
            one(RecordFormat.WIDE_TEXT);
            number(text.length());
            for (int i = 0; i < text.length(); i++) {
                number(text.charAt(i));
            }
        }
    }

    private void name(String name) throws IOException {
        Integer known = names.putIfAbsent(name, names.size() + 1);
        if (known != null) {
            number(known);
            return;
        }
        if (!isLatin1(name)) {
            throw new StateException("no name for a record or a field: " + name);
        }
        one(RecordFormat.NEW_NAME);
        latin1(name);
    }

    private static boolean isLatin1(String text) {
        return text.chars().allMatch(c -> c <= WIDEST_TEXT_CHAR);
    }

    private void latin1(String text) throws IOException {
        number(text.length());
        raw(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void signed(long number) throws IOException {
        number(number << 1 ^ number >> Long.SIZE - 1);
    }

    private void number(long number) throws IOException {
        long rest = number;
        while ((rest & ~SEVEN_BITS) != 0) {
            one((int) rest & SEVEN_BITS | SEVEN_BITS + 1);
            rest >>>= 7;
        }
        one((int) rest);
    }

    private void one(int value) throws IOException {
        out.write(value);
        bytes++;
    }

    private void raw(byte[] array) throws IOException {
        out.write(array);
        bytes += array.length;
    }
}
