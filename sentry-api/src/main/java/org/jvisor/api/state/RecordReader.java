// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;

/**
 * Reads what {@link RecordWriter} has written. The bytes are not trusted: whatever they are, the outcome is records or a
 * {@link StateException}, and no more memory is taken than a small multiple of the bytes that were there. What has been read counts
 * only when {@link #next} has said that there are no more. Not for several threads.
 */
public final class RecordReader {

    private static final int SEVEN_BITS = 0x7f;
    /** Arrays begin no larger than this and grow with what is really there. */
    private static final int FIRST_LENGTH = 256;

    private final CheckedInputStream in;
    private final LongFunction<?> objects;
    private final List<String> names = new ArrayList<>();
    private long left;
    private long at;
    private long frames;
    private boolean ended;
    private long id;
    private StateRecord record;

    /**
     * @param in not closed here; better with a buffer
     * @param limitBytes a stream that is longer is refused
     * @param objects the object of a number that records refer to, null when there is none
     * @throws StateException when it is no such stream, or of another version
     */
    public RecordReader(InputStream in, long limitBytes, LongFunction<?> objects) throws IOException {
        this.in = new CheckedInputStream(in, new CRC32C());
        this.objects = objects;
        left = limitBytes;
        if (!Arrays.equals(raw(RecordFormat.MAGIC.length), RecordFormat.MAGIC)) {
            throw new StateException("no stream of records");
        }
        long version = number();
        if (version != RecordFormat.VERSION) {
            throw new StateException("a stream of records of version " + version + ", of which only " + RecordFormat.VERSION + " is known");
        }
    }

    /**
     * Reads the next record. False: the stream has ended and is whole.
     *
     * @throws StateException when it is not what a writer writes
     */
    public boolean next() throws IOException {
        if (ended) {
            return false;
        }
        int kind = one();
        if (kind == RecordFormat.END) {
            end();
            return false;
        }
        if (kind != RecordFormat.FRAME) {
            throw malformed("no frame");
        }
        id = number();
        record = record(0);
        frames++;
        return true;
    }

    /** The number of the object that {@link #record} is about. */
    public long id() {
        return id;
    }

    public StateRecord record() {
        return record;
    }

    private void end() throws IOException {
        if (number() != frames) {
            throw malformed("records are missing");
        }
        long sum = in.getChecksum().getValue();
        long written = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            written |= (long) one() << i * Byte.SIZE;
        }
        if (written != sum) {
            throw malformed("its sum is wrong");
        }
        ended = true;
    }

    private StateRecord record(int depth) throws IOException {
        if (depth > RecordFormat.MAX_DEPTH) {
            throw malformed("lists too deep");
        }
        StateRecord made = new StateRecord(name(), (int) atMost(Integer.MAX_VALUE));
        for (long fields = count(); fields > 0; fields--) {
            made.enter(name(), value(depth));
        }
        return made;
    }

    private Object value(int depth) throws IOException {
        return switch (one()) {
            case RecordFormat.LONG -> signed();
            case RecordFormat.TEXT -> latin1();
            case RecordFormat.WIDE_TEXT -> wideText();
            case RecordFormat.BYTES -> raw(count());
            case RecordFormat.LONGS -> longs();
            case RecordFormat.LIST -> list(depth);
            case RecordFormat.OWN -> own();
            case RecordFormat.CORE -> new StateRecord.Core(object(number()));
            case RecordFormat.CORES -> cores();
            default -> throw malformed("a field of an unknown kind");
        };
    }

    private StateRecord.Own own() throws IOException {
        if (object(number()) instanceof Stateful object) {
            return new StateRecord.Own(object);
        }
        throw malformed("a reference to an object of another kind");
    }

    private StateRecord.Cores cores() throws IOException {
        int count = count();
        List<Object> found = new ArrayList<>(Math.min(count, FIRST_LENGTH));
        for (int i = 0; i < count; i++) {
            long number = number();
            found.add(number == 0 ? null : object(number));
        }
        return new StateRecord.Cores(found);
    }

    private Object object(long number) {
        Object object = objects.apply(number);
        if (object == null) {
            throw malformed("a reference to object " + number + ", which there is not");
        }
        return object;
    }

    private List<StateRecord> list(int depth) throws IOException {
        int count = count();
        List<StateRecord> items = new ArrayList<>(Math.min(count, FIRST_LENGTH));
        for (int i = 0; i < count; i++) {
            items.add(record(depth + 1));
        }
        return items;
    }

    private long[] longs() throws IOException {
        int count = count();
        long[] numbers = new long[Math.min(count, FIRST_LENGTH)];
        for (int i = 0; i < count; i++) {
            if (i == numbers.length) {
                numbers = Arrays.copyOf(numbers, (int) Math.min(count, 2L * i));
            }
            numbers[i] = signed();
        }
        return numbers;
    }

    private String wideText() throws IOException {
        int count = count();
        StringBuilder text = new StringBuilder(Math.min(count, FIRST_LENGTH));
        for (int i = 0; i < count; i++) {
            text.append((char) atMost(Character.MAX_VALUE));
        }
        return text.toString();
    }

    private String name() throws IOException {
        long number = number();
        if (number == RecordFormat.NEW_NAME) {
            names.add(latin1());
            return names.getLast();
        }
        if (number < 0 || number > names.size()) {
            throw malformed("a name that was not there before");
        }
        return names.get((int) number - 1);
    }

    private String latin1() throws IOException {
        return new String(raw(count()), StandardCharsets.ISO_8859_1);
    }

    private long signed() throws IOException {
        long number = number();
        return number >>> 1 ^ -(number & 1);
    }

    /** How many things follow, of a byte at least each. */
    private int count() throws IOException {
        return (int) atMost(Math.min(left, Integer.MAX_VALUE - Long.BYTES));
    }

    private long atMost(long limit) throws IOException {
        long number = number();
        if (number < 0 || number > limit) {
            throw malformed("the number " + number + " is too large");
        }
        return number;
    }

    private long number() throws IOException {
        long number = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int next = one();
            number |= (long) (next & SEVEN_BITS) << shift;
            if (next <= SEVEN_BITS) {
                return number;
            }
        }
        throw malformed("a number without an end");
    }

    private int one() throws IOException {
        take(1);
        int value = in.read();
        if (value < 0) {
            throw malformed("it ends early");
        }
        return value;
    }

    private byte[] raw(int length) throws IOException {
        take(length);
        byte[] bytes = in.readNBytes(length); // which grows with what is there
        if (bytes.length < length) {
            throw malformed("it ends early");
        }
        return bytes;
    }

    private void take(int bytes) {
        if (bytes > left) {
            throw malformed("it is longer than it may be");
        }
        left -= bytes;
        at += bytes;
    }

    private StateException malformed(String reason) {
        return new StateException("the stream of records is broken near byte " + at + ": " + reason);
    }
}
