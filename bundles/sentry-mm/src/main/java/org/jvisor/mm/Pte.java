// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Mman;

/**
 * An entry of a page table: the frame's offset in the memory file in the upper bits, and below
 * <pre>
 * 0 READ, 1 WRITE, 2 EXECUTE   what is granted now; the same bits as PROT_*. Less than the mapping allows where a write must
 *                              first copy, or be told to the file
 * 3 PRESENT
 * 4 MAPPED                     the platform was told to map it, with exactly these rights
 * 5 OWN                        a page of a private mapping's own, not the file's
 * 6 SHARED                     belongs to a shared mapping
 * </pre>
 * 0: nothing there.
 */
final class Pte {

    static final int READ = Mman.PROT_READ;
    static final int WRITE = Mman.PROT_WRITE;
    static final int EXECUTE = Mman.PROT_EXEC;
    static final int RIGHTS = READ | WRITE | EXECUTE;
    static final int PRESENT = 8;
    static final int MAPPED = 16;
    static final int OWN = 32;
    static final int SHARED = 64;

    static final int PAGE = 4096;
    static final int PAGE_SHIFT = 12;

    private Pte() {
    }

    static long frame(long entry) {
        return entry & -PAGE;
    }

    static int rights(long entry) {
        return (int) entry & RIGHTS;
    }

    static boolean present(long entry) {
        return (entry & PRESENT) != 0;
    }

    static boolean has(long entry, int bits) {
        return (entry & bits) == bits;
    }

    static long withRights(long entry, int rights) {
        return entry & ~(long) RIGHTS | rights;
    }

    /** What x86 lets an application do with a page of protection {@code prot}: all that is accessible is readable. */
    static int effective(int prot) {
        return (prot & (WRITE | EXECUTE)) != 0 ? prot & RIGHTS | READ : prot & READ;
    }
}
