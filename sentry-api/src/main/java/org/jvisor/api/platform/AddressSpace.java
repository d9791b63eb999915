// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.platform;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The part of an application's memory that the CPU sees: ranges of the memory file at application addresses. It is a cache of
 * what the memory manager knows: a range that is not mapped here faults, and the manager maps it.
 *
 * <p>Each change takes the calling task's {@link Context}. When that is null or belongs to another address space, the change is
 * carried out by one of this space's own tasks before it next runs application code, every other one being interrupted; the
 * call then returns at once. Addresses, lengths and offsets are multiples of the page size; ranges lie below
 * {@link UserSpace#END}. Results are 0 or a negative errno of the host ({@code -ENOMEM} when its map count is full).
 */
@ConsumerType
public interface AddressSpace {

    /**
     * Maps {@code length} bytes of the memory file from {@code offset} at {@code address}, over whatever is there.
     *
     * @param prot PROT_READ | PROT_WRITE | PROT_EXEC
     * @param populate whether to enter all pages into the page tables now
     */
    int map(Context context, long address, long length, long offset, int prot, boolean populate);

    int unmap(Context context, long address, long length);

    /** Changes the protection of what is mapped in the range; holes in it are no error. */
    int protect(Context context, long address, long length, int prot);

    /**
     * Whether every change that was asked for so far has been carried out, so that nothing that left with one can be reached by
     * application code any more. Any thread.
     */
    default boolean settled() {
        return true;
    }

    /**
     * Carries out what was asked for so far.
     *
     * @param context the calling task's; where it is none of this space nothing is done
     */
    default void settle(Context context) {}

    /** How many longs describe a range in {@link #mapAll} and {@link #protectAll}. */
    int RANGE_LONGS = 4;

    /**
     * As {@link #map} for several ranges, one after the other; cheaper where a platform can take them together. The first error
     * ends it.
     *
     * @param ranges {@code count} times address, length, offset and protection
     */
    default int mapAll(Context context, long[] ranges, int count, boolean populate) {
        int result = 0;
        for (int at = 0; at < count * RANGE_LONGS && result == 0; at += RANGE_LONGS) {
            result = map(context, ranges[at], ranges[at + 1], ranges[at + 2], (int) ranges[at + 3], populate);
        }
        return result;
    }

    /**
     * As {@link #protect} for several ranges; see {@link #mapAll}.
     *
     * @param ranges {@code count} times address, length, anything and protection
     */
    default int protectAll(Context context, long[] ranges, int count) {
        int result = 0;
        for (int at = 0; at < count * RANGE_LONGS && result == 0; at += RANGE_LONGS) {
            result = protect(context, ranges[at], ranges[at + 1], (int) ranges[at + 3]);
        }
        return result;
    }

    /** Ends the space; no context runs in it any more. Any thread. */
    void release();
}
