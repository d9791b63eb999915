// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.osgi.annotation.versioning.ProviderType;

/**
 * All memory that applications can have mapped, in one memfd that is mapped whole in the Sentry. Handed out in frames of
 * {@link #PAGE} bytes with a reference count each; also the store of tmpfs and of page caches. A service. Any thread.
 */
@ProviderType
public interface MemoryFile {

    int PAGE = 4096;

    /** The memfd. */
    int descriptor();

    /** The Sentry's address of offset 0. */
    long base();

    /**
     * Takes {@code pages} frames that follow each other, zeroed, each with one reference.
     *
     * @return the offset of the first
     * @throws org.jvisor.api.abi.ErrnoException ENOMEM above the sandbox's limit
     */
    long allocate(int pages);

    /** Takes another reference of each of the frames. */
    void retain(long offset, int pages);

    /**
     * Drops a reference of each. A frame whose last one goes is given out again only after every task that could still copy
     * through its address has left the system call that it was in.
     */
    void release(long offset, int pages);

    /** References of the frame. */
    int references(long offset);

    /** Made by the thread that enters and leaves: a stretch in which it may hold addresses of frames; see {@link #release}. */
    Epoch newEpoch();

    /** Bytes in use. */
    long used();

    /** Bytes that may be in use. */
    long limit();

    /** One thread's mark: while entered, no frame that is released becomes another's. Owned by one thread, costs a few ns. */
    @ProviderType
    interface Epoch {
        /** Enters; no look-up that follows can come before that. */
        void enter();

        /**
         * Enters, but for the full fence that has to stand between this and the first look-up: for a caller that needs one there
         * anyhow, for a mark of its own. Entered already, it only renews the mark: addresses from before are good no more.
         */
        void mark();

        /** Leaves; no use of an address can come after that. */
        void leave();

        /** The thread is gone. */
        void close();
    }
}
