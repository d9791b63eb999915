// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.MemoryManager.VmaInfo;

/** /proc/PID/maps, smaps and smaps_rollup. */
final class MapsText {
    private static final int NAME_COLUMN = 73;

    private MapsText() {
    }

    static byte[] maps(Task reader, Target target) {
        Text text = new Text();
        return target.withMemory(reader, text, mm -> {
            mm.forEachVma(vma -> line(text, vma));
            return text;
        }).bytes();
    }

    static byte[] smaps(Task reader, Target target) {
        Text text = new Text();
        return target.withMemory(reader, text, mm -> {
            mm.forEachVma(vma -> {
                line(text, vma);
                details(text, vma);
            });
            return text;
        }).bytes();
    }

    static byte[] rollup(Task reader, Target target) {
        return target.withMemory(reader, new Text(), MapsText::rollup).bytes();
    }

    private static Text rollup(MemoryManager mm) {
        Text text = new Text();
        Sum sum = new Sum();
        long[] extent = {0, 0};
        mm.forEachVma(vma -> {
            extent[0] = extent[1] == 0 ? vma.start() : extent[0];
            extent[1] = vma.end();
            sum.add(vma);
        });
        header(text, extent[0], extent[1], "---p", 0, 0, 0, "[rollup]");
        kilobytes(text, "Rss", sum.resident);
        kilobytes(text, "Pss", sum.resident);
        kilobytes(text, "Pss_Dirty", sum.dirty);
        kilobytes(text, "Pss_Anon", sum.anonymous);
        kilobytes(text, "Pss_File", sum.file);
        kilobytes(text, "Pss_Shmem", sum.resident - sum.anonymous - sum.file);
        shares(text, sum);
        return text;
    }

    private static void line(Text text, VmaInfo vma) {
        String access = ((vma.prot() & Mman.PROT_READ) != 0 ? "r" : "-") + ((vma.prot() & Mman.PROT_WRITE) != 0 ? "w" : "-")
                + ((vma.prot() & Mman.PROT_EXEC) != 0 ? "x" : "-") + (MemoryUse.isShared(vma) ? "s" : "p");
        header(text, vma.start(), vma.end(), access, vma.offset(), vma.dev(), vma.ino(), vma.name());
    }

    private static void header(Text text, long start, long end, String access, long offset, long dev, long ino, String name) {
        int lineStart = text.length();
        text.hex(start, 8).add('-').hex(end, 8).add(' ').add(access).add(' ').hex(offset, 8).add(' ')
                .hex(Mode.major(dev), 2).add(':').hex(Mode.minor(dev), 2).add(' ').addUnsigned(ino).add(' ');
        if (name != null && !name.isEmpty()) {
            text.spaces(lineStart + NAME_COLUMN - text.length()).escaped(name, "\n");
        }
        text.add('\n');
    }

    private static void details(Text text, VmaInfo vma) {
        Sum sum = new Sum();
        sum.add(vma);
        kilobytes(text, "Size", vma.end() - vma.start());
        kilobytes(text, "KernelPageSize", Mman.PAGE_SIZE);
        kilobytes(text, "MMUPageSize", Mman.PAGE_SIZE);
        kilobytes(text, "Rss", sum.resident);
        kilobytes(text, "Pss", sum.resident);
        kilobytes(text, "Pss_Dirty", sum.dirty);
        shares(text, sum);
        text.add("THPeligible:    0\n");
        text.add("VmFlags: ").add(flagNames(vma)).add('\n');
    }

    private static void shares(Text text, Sum sum) {
        kilobytes(text, "Shared_Clean", sum.resident - sum.privateDirty - sum.sharedDirty);
        kilobytes(text, "Shared_Dirty", sum.sharedDirty);
        kilobytes(text, "Private_Clean", 0);
        kilobytes(text, "Private_Dirty", sum.privateDirty);
        kilobytes(text, "Referenced", sum.resident);
        kilobytes(text, "Anonymous", sum.anonymous);
        for (String none : new String[] {"LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
            "Private_Hugetlb", "Swap", "SwapPss"}) {
            kilobytes(text, none, 0);
        }
        kilobytes(text, "Locked", sum.locked);
    }

    private static void kilobytes(Text text, String name, long bytes) {
        text.left(name + ":", 16).right(bytes >> 10, 8).add(" kB\n");
    }

    /** proc(5), VmFlags. */
    private static String flagNames(VmaInfo vma) {
        StringBuilder b = new StringBuilder();
        b.append((vma.prot() & Mman.PROT_READ) != 0 ? "rd " : "");
        b.append((vma.prot() & Mman.PROT_WRITE) != 0 ? "wr " : "");
        b.append((vma.prot() & Mman.PROT_EXEC) != 0 ? "ex " : "");
        b.append(MemoryUse.isShared(vma) ? "sh " : "");
        b.append("mr mw me ");
        b.append(MemoryUse.isShared(vma) ? "ms " : "");
        b.append((vma.flags() & Mman.MAP_GROWSDOWN) != 0 ? "gd " : "");
        b.append((vma.flags() & Mman.MAP_LOCKED) != 0 ? "lo " : "");
        b.append(!MemoryUse.isShared(vma) && (vma.prot() & Mman.PROT_WRITE) != 0 ? "ac " : "");
        return b.toString();
    }

    private static final class Sum {
        long resident;
        long privateDirty;
        long sharedDirty;
        long dirty;
        long anonymous;
        long file;
        long locked;

        void add(VmaInfo vma) {
            long own = Math.min(vma.privateDirtyBytes(), vma.residentBytes());
            long foreign = vma.residentBytes() - own;
            boolean anonymousMemory = !MemoryUse.isFile(vma);
            resident += vma.residentBytes();
            privateDirty += own;
            // What is no file's has been written by somebody.
            sharedDirty += anonymousMemory ? foreign : 0;
            dirty += anonymousMemory ? vma.residentBytes() : own;
            anonymous += MemoryUse.anonymousBytes(vma);
            file += anonymousMemory ? 0 : vma.residentBytes() - MemoryUse.anonymousBytes(vma);
            locked += (vma.flags() & Mman.MAP_LOCKED) != 0 ? vma.residentBytes() : 0;
        }
    }
}
