// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.state.StateRecord;

/** A mapping: a range of pages with one protection and one origin. Guarded by the manager's lock. */
final class Vma {

    static final int SHARED = 1;
    static final int GROWS_DOWN = 2;
    static final int LOCKED = 4;
    static final int NO_RESERVE = 8;
    static final int DONT_FORK = 16;
    static final int WIPE_ON_FORK = 32;
    static final int DONT_DUMP = 64;
    /** What mprotect(2) may grant. */
    static final int MAY_WRITE = 128;
    static final int MAY_EXECUTE = 256;
    static final int RANDOM = 512;
    static final int SEQUENTIAL = 1024;
    /** Locked pages come when they are touched (mlock2(2) MLOCK_ONFAULT). */
    static final int LOCK_ON_FAULT = 2048;
    /** Grown by brk(2). */
    static final int HEAP = 4096;

    long start;
    long end;
    int prot;
    int flags;
    /** Null for anonymous private memory. */
    final Backing backing;
    /** Offset in the object that {@link #start} shows. For anonymous memory what {@link #start} was when it was mapped. */
    long offset;

    /** Where the last run that a fault brought in began and ended, and how many pages it had: faults in sequence bring more. */
    long runStart;
    long runEnd;
    int runPages;

    Vma(long start, long end, int prot, int flags, Backing backing, long offset) {
        this.start = start;
        this.end = end;
        this.prot = prot;
        this.flags = flags;
        this.backing = backing;
        this.offset = offset;
    }

    long length() {
        return end - start;
    }

    boolean is(int flag) {
        return (flags & flag) != 0;
    }

    boolean shared() {
        return is(SHARED);
    }

    /** Whether writes make pages of its own: what fork(2) has to protect. */
    boolean privateWritable() {
        return !is(SHARED) && is(MAY_WRITE);
    }

    /** What RLIMIT_DATA counts. */
    boolean isData() {
        return !is(SHARED) && (prot & Pte.WRITE) != 0 && !is(GROWS_DOWN);
    }

    long offsetOf(long address) {
        return offset + (address - start);
    }

    /** The part from {@code at} on, as a mapping of its own; this one ends there. */
    Vma splitAt(long at) {
        Vma upper = new Vma(at, end, prot, flags, backing, offsetOf(at));
        end = at;
        if (backing != null) {
            backing.users++;
        }
        return upper;
    }

    boolean continuedBy(Vma next) {
        return end == next.start && prot == next.prot && flags == next.flags && offsetOf(end) == next.offset
                && (backing == null ? next.backing == null : backing.sameAs(next.backing));
    }

    void save(StateRecord record) {
        record.put("start", start).put("end", end).put("prot", prot).put("flags", flags).putCore("backing", backing)
                .put("offset", offset).put("runStart", runStart).put("runEnd", runEnd).put("runPages", runPages);
    }

    static Vma restored(StateRecord record) {
        Vma vma = new Vma(record.requireLong("start"), record.requireLong("end"), record.requireInt("prot"),
                record.requireInt("flags"), record.core("backing", Backing.class), record.requireLong("offset"));
        vma.runStart = record.requireLong("runStart");
        vma.runEnd = record.requireLong("runEnd");
        vma.runPages = record.requireInt("runPages");
        return vma;
    }
}
