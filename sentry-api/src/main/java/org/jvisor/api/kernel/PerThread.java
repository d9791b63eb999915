// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Stat;
import org.jvisor.api.vfs.FileDescription;

/**
 * Objects that calls reuse, so that they allocate nothing. One set a thread, and so a task. Each is used by one call at a time,
 * for no longer than the call; none becomes large. Their classes are all the JDK's or the contract's: a thread that outlives this bundle does not
 * keep its class loader.
 */
final class PerThread {

    private static final int INITIAL_FILES = 64;
    private static final int STAT = 0;
    private static final int FILES = 1;
    private static final int EVENTS = 2;
    private static final int DATA = 3;
    private static final int EVENTS2 = 4;
    private static final int EVENTS3 = 5;
    private static final int SLOTS = 6;

    private static final ThreadLocal<Object[]> OBJECTS = new ThreadLocal<>();

    private PerThread() {
    }

    private static Object[] objects() {
        Object[] objects = OBJECTS.get();
        if (objects == null) {
            objects = new Object[SLOTS];
            objects[STAT] = new Stat();
            objects[FILES] = new FileDescription[INITIAL_FILES];
            objects[EVENTS] = new int[INITIAL_FILES];
            objects[EVENTS2] = new int[INITIAL_FILES];
            objects[EVENTS3] = new int[INITIAL_FILES];
            objects[DATA] = new long[INITIAL_FILES];
            OBJECTS.set(objects);
        }
        return objects;
    }

    static Stat stat() {
        return (Stat) objects()[STAT];
    }

    /** At least {@code count} places, all null; the user leaves them so. */
    static FileDescription[] files(int count) {
        Object[] objects = objects();
        FileDescription[] files = (FileDescription[]) objects[FILES];
        if (files.length < count) {
            files = new FileDescription[grown(count)];
            objects[FILES] = files;
        }
        return files;
    }

    /** At least {@code count} ints of any value. */
    static int[] ints(int count) {
        return ints(EVENTS, count);
    }

    /** A second array of the same kind. */
    static int[] ints2(int count) {
        return ints(EVENTS2, count);
    }

    /** A third one. */
    static int[] ints3(int count) {
        return ints(EVENTS3, count);
    }

    private static int[] ints(int slot, int count) {
        Object[] objects = objects();
        int[] ints = (int[]) objects[slot];
        if (ints.length < count) {
            ints = new int[grown(count)];
            objects[slot] = ints;
        }
        return ints;
    }

    /** At least {@code count} longs of any value. */
    static long[] longs(int count) {
        Object[] objects = objects();
        long[] data = (long[]) objects[DATA];
        if (data.length < count) {
            data = new long[grown(count)];
            objects[DATA] = data;
        }
        return data;
    }

    private static int grown(int count) {
        return Integer.highestOneBit(Math.max(count, 2) - 1) << 1;
    }
}
