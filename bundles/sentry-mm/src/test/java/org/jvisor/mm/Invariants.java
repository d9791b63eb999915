// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** What must hold between any two calls. */
final class Invariants {

    private Invariants() {
    }

    static void check(FrameFile file, Collection<Process> processes, Collection<FakeFile> files) {
        Map<Long, Integer> references = new HashMap<>();
        for (Process process : processes) {
            process.space.carryOut();
            check(process, references);
        }
        for (FakeFile one : files) {
            one.frames.values().forEach(frame -> references.merge(frame, 1, Integer::sum));
        }
        references.forEach((frame, count) -> assertTrue(file.references(frame) >= count,
                () -> "frame " + Long.toHexString(frame) + " has " + file.references(frame) + " references, not " + count));
    }

    private static void check(Process process, Map<Long, Integer> references) {
        Manager mm = process.mm;
        long bytes = 0;
        long data = 0;
        long locked = 0;
        long resident = 0;
        long before = 0;
        for (int i = 0; i < mm.vmas.size(); i++) {
            Vma vma = mm.vmas.get(i);
            assertTrue(vma.start >= before && vma.end > vma.start, "mappings overlap");
            before = vma.end;
            bytes += vma.length();
            data += vma.isData() ? vma.length() : 0;
            locked += vma.is(Vma.LOCKED) ? vma.length() : 0;
            for (long at = vma.start; at < vma.end; at += Pte.PAGE) {
                long entry = mm.pages.table.get(at);
                if (entry != 0) {
                    resident++;
                    references.merge(Pte.frame(entry), 1, Integer::sum);
                    assertEquals(0, Pte.rights(entry) & ~Pte.effective(vma.prot), "more rights than the mapping has");
                    assertEquals(vma.shared(), Pte.has(entry, Pte.SHARED));
                }
            }
        }
        assertEquals(bytes, mm.vmas.bytes());
        assertEquals(data, mm.vmas.dataBytes());
        assertEquals(locked, mm.vmas.lockedBytes());
        assertEquals(resident, mm.pages.resident(), "present pages outside of mappings, or counted wrongly");
        process.space.pages.forEach((at, page) -> {
            long entry = mm.pages.table.get(at);
            String where = Long.toHexString(at);
            assertTrue(Pte.present(entry), () -> "the CPU sees a page that is gone: " + where);
            assertEquals(Pte.frame(entry), page.frame(), where);
            assertEquals(0, page.prot() & ~Pte.rights(entry), () -> "the CPU may do more than is granted: " + where);
        });
    }

    /** A page that may be written through two tables must be a shared one. */
    static void checkWriters(Collection<Process> processes) {
        Map<Long, Integer> writers = new HashMap<>();
        for (Process process : processes) {
            for (int i = 0; i < process.mm.vmas.size(); i++) {
                Vma vma = process.mm.vmas.get(i);
                for (long at = vma.start; at < vma.end; at += Pte.PAGE) {
                    long entry = process.mm.pages.table.get(at);
                    if (Pte.has(entry, Pte.WRITE) && !Pte.has(entry, Pte.SHARED)) {
                        writers.merge(Pte.frame(entry), 1, Integer::sum);
                    }
                }
            }
        }
        writers.forEach((frame, count) -> assertEquals(1, count, () -> "two may write frame " + Long.toHexString(frame)));
    }
}
