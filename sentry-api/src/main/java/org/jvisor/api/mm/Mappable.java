// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Something whose bytes can be mapped: a file's page cache, tmpfs's frames, shared anonymous memory, a SysV segment. Offsets
 * are multiples of the page size.
 */
@ConsumerType
public interface Mappable {

    /**
     * The frame that holds a page of this object, brought in when necessary. The caller does not own a reference unless it
     * retains the frame; it does so within its epoch.
     *
     * @param offset in the object
     * @param write whether the frame will be written through a shared mapping
     * @return the frame's offset in the memory file, or a negative errno: {@code -EFAULT} beyond the end of the object (SIGBUS),
     *     {@code -EIO}, {@code -ENOMEM}
     */
    long frame(long offset, boolean write);

    /**
     * How many pages from {@code offset} on lie in consecutive frames and are there already, at most {@code max}, at least 1
     * after a successful {@link #frame}.
     */
    int framesFollowing(long offset, int max);

    /**
     * A mapping exists from now on, which wants to hear of truncation by {@link Mapping#truncate}. After a hand-over the successor of
     * the object is told of each mapping again: an object that both have in common counts it once.
     *
     * @throws org.jvisor.api.abi.ErrnoException EPERM when it must not be written through a mapping any more; then there is none
     */
    void addMapping(Mapping mapping);

    void removeMapping(Mapping mapping);

    /** Writes changed pages of the range back (msync(2) with MS_SYNC); 0 or a negative errno. */
    default long writeBack(long offset, long length) {
        return 0;
    }

    /** One mapping of a mappable in some memory manager. */
    interface Mapping {

        /**
         * Whether it is shared and the object may be written through it, be it after an mprotect(2): MAP_SHARED of what is open for
         * writing. It stays so.
         */
        default boolean writesThrough() {
            return false;
        }

        /**
         * Pages of the object from {@code offset} on are gone or changed place: they must be looked up again at the next access.
         * Any thread.
         */
        void invalidate(long offset, long length);

        /**
         * The object ends at {@code end}, a multiple of the page size, from now on. Pages beyond are gone, and with them the copies that
         * private mappings have made of them: who accesses one gets SIGBUS, and zeros once the object has grown again (mmap(2)). Any
         * thread.
         */
        default void truncate(long end) {
            invalidate(end, Long.MAX_VALUE - end);
        }
    }
}
