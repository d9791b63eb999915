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
 * {@link Platform#maxUserAddress}. Results are 0 or a negative errno of the host ({@code -ENOMEM} when its map count is full).
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

    /** Ends the space; no context runs in it any more. Any thread. */
    void release();
}
