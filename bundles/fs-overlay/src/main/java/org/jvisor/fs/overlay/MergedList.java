// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jvisor.api.state.StateRecord;

/** The names of an open directory with their numbers and types, in few arrays: so a hand-over takes no longer for many. */
final class MergedList {

    private static final int FIRST = 16;
    /** Bytes of an entry beside its name. */
    private static final int ENTRY_BYTES = Integer.BYTES + Long.BYTES + 1;

    private int count;
    /** One after the other, a char a byte; {@link #ends} has where each ends. */
    private byte[] names = new byte[FIRST * FIRST];
    private int[] ends = new int[FIRST];
    private long[] inos = new long[FIRST];
    private byte[] types = new byte[FIRST];

    MergedList() {}

    /** What {@link #save} wrote. */
    MergedList(StateRecord record) {
        names = record.getBytes("names");
        inos = record.getLongs("inos");
        types = record.getBytes("types");
        long[] saved = record.getLongs("ends");
        count = saved.length;
        ends = new int[Math.max(FIRST, count)];
        for (int i = 0; i < count; i++) {
            ends[i] = (int) saved[i];
        }
    }

    void save(StateRecord record) {
        long[] saved = new long[count];
        for (int i = 0; i < count; i++) {
            saved[i] = ends[i];
        }
        record.put("names", names).put("ends", saved).put("inos", inos).put("types", types);
    }

    void add(String name, long ino, int type) {
        int begin = end(count - 1);
        int end = begin + name.length();
        if (end > names.length) {
            names = Arrays.copyOf(names, 2 * end);
        }
        if (count == ends.length || count == inos.length || count == types.length) {
            int more = 2 * count + FIRST;
            ends = Arrays.copyOf(ends, more);
            inos = Arrays.copyOf(inos, more);
            types = Arrays.copyOf(types, more);
        }
        for (int i = 0; i < name.length(); i++) {
            names[begin + i] = (byte) name.charAt(i);
        }
        ends[count] = end;
        inos[count] = ino;
        types[count++] = (byte) type;
    }

    private int end(int index) {
        return index < 0 ? 0 : ends[index];
    }

    int size() {
        return count;
    }

    String name(int index) {
        int begin = end(index - 1);
        return new String(names, begin, ends[index] - begin, StandardCharsets.ISO_8859_1);
    }

    long ino(int index) {
        return inos[index];
    }

    int type(int index) {
        return types[index] & 0xff;
    }

    /** What it takes of the heap. */
    long bytes() {
        return names.length + (long) ENTRY_BYTES * inos.length;
    }
}
