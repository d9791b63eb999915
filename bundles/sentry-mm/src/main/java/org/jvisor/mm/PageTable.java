// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;

/**
 * Which frame lies at an application's address: four levels of 512 entries, as the CPU has them, because 47 bits of addresses
 * used here and there want a sparse tree. Written with the owner's lock held; read without one. Pages of the tree stay until
 * {@link #release}, so that a reader may keep a leaf's address as long as it may use the table.
 */
final class PageTable {

    static final int LEAF_SHIFT = 21;
    static final long LEAF_BYTES = 1L << LEAF_SHIFT;

    static final int LEAF_ENTRIES = 512;

    private static final int LEVEL_BITS = 9;
    private static final int INDEX_MASK = (1 << LEVEL_BITS) - 1;
    private static final int ROOT_SHIFT = LEAF_SHIFT + 2 * LEVEL_BITS;
    private static final int ADDRESS_BITS = ROOT_SHIFT + LEVEL_BITS;

    private final HostKernel host;
    private final TableArena arena;
    /** Who is charged for the tree's pages. */
    private final Cgroup payer;
    private final long root;

    /** @throws org.jvisor.api.abi.ErrnoException ENOMEM */
    PageTable(HostKernel host, TableArena arena, Cgroup payer) {
        this.host = host;
        this.arena = arena;
        this.payer = payer;
        root = take();
    }

    private long take() {
        payer.requireCharge(Charge.PAGE_TABLE, 1);
        boolean taken = false;
        try {
            long page = arena.take();
            taken = true;
            return page;
        } finally {
            if (!taken) {
                payer.uncharge(Charge.PAGE_TABLE, 1);
            }
        }
    }

    /** The address of the leaf for {@code address}, any number; 0 when there is none. Lock-free. */
    long leaf(long address) {
        if (address >>> ADDRESS_BITS != 0) {
            return 0;
        }
        long page = root;
        for (int shift = ROOT_SHIFT; page != 0 && shift >= LEAF_SHIFT; shift -= LEVEL_BITS) {
            page = host.getLongVolatile(page + slot(address, shift));
        }
        return page;
    }

    /** The entry for {@code address}; 0 when there is none. Lock-free. */
    long get(long address) {
        long leaf = leaf(address);
        return leaf == 0 ? 0 : host.getLongVolatile(leaf + leafSlot(address));
    }

    /** Where in a leaf the entry for {@code address} is, in bytes. */
    static long leafSlot(long address) {
        return (address >>> Pte.PAGE_SHIFT & INDEX_MASK) << 3;
    }

    void set(long address, long entry) {
        host.putLongVolatile(leafToWrite(address) + leafSlot(address), entry);
    }

    /** The leaf for {@code address}, made when there is none; throws ENOMEM. */
    long leafToWrite(long address) {
        if (address >>> ADDRESS_BITS != 0) {
            throw new IllegalArgumentException(Long.toHexString(address));
        }
        long page = root;
        for (int shift = ROOT_SHIFT; shift >= LEAF_SHIFT; shift -= LEVEL_BITS) {
            long slot = page + slot(address, shift);
            long next = host.getLongVolatile(slot);
            if (next == 0) {
                next = take();
                host.putLongVolatile(slot, next);
            }
            page = next;
        }
        return page;
    }

    /** The lowest address of {@code [address, end)} whose leaf exists; {@code end} when there is none. */
    long nextPopulated(long address, long end) {
        long at = address;
        while (at < end) {
            long page = root;
            int shift = ROOT_SHIFT;
            while (page != 0) {
                page = host.getLong(page + slot(at, shift));
                if (page != 0 && shift == LEAF_SHIFT) {
                    return at;
                }
                shift -= page == 0 ? 0 : LEVEL_BITS;
            }
            at = (at >>> shift) + 1 << shift;
        }
        return end;
    }

    /** Gives all pages back; nobody reads any more. */
    void release() {
        release(root, ROOT_SHIFT);
    }

    private void release(long page, int shift) {
        if (shift >= LEAF_SHIFT) {
            for (int i = 0; i <= INDEX_MASK; i++) {
                long child = host.getLong(page + ((long) i << 3));
                if (child != 0) {
                    release(child, shift - LEVEL_BITS);
                }
            }
        }
        arena.give(page);
        payer.uncharge(Charge.PAGE_TABLE, 1);
    }

    private static long slot(long address, int shift) {
        return (address >>> shift & INDEX_MASK) << 3;
    }
}
