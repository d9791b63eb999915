// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Mman;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.MemoryManager.VmaInfo;

/** How much of a process's memory is of which kind, in bytes: summed up over its mappings. */
final class MemoryUse {
    long rssAnonymous;
    long rssFile;
    long rssShared;
    /** Private and writable, without the stack. */
    long data;
    long stack;
    /** Executable file mappings other than the program's own. */
    long libraries;
    long executable;
    /** Sizes of page tables, as far as mappings with present pages need them. */
    long pageTables;

    static MemoryUse of(MemoryManager mm) {
        MemoryUse use = new MemoryUse();
        use.executable = pages(mm.layout().endCode) - (mm.layout().startCode & -Mman.PAGE_SIZE);
        mm.forEachVma(use::add);
        use.libraries = Math.max(0, use.libraries - use.executable);
        return use;
    }

    private void add(VmaInfo vma) {
        boolean shared = isShared(vma);
        long anonymous = anonymousBytes(vma);
        rssAnonymous += anonymous;
        if (isFile(vma)) {
            rssFile += vma.residentBytes() - anonymous;
        } else if (shared) {
            rssShared += vma.residentBytes() - anonymous;
        }
        long size = vma.end() - vma.start();
        if ((vma.flags() & Mman.MAP_GROWSDOWN) != 0) {
            stack += size;
        } else if (!shared && (vma.prot() & Mman.PROT_WRITE) != 0) {
            data += size;
        } else if ((vma.prot() & (Mman.PROT_EXEC | Mman.PROT_WRITE)) == Mman.PROT_EXEC) {
            libraries += size;
        }
        if (vma.residentBytes() > 0) {
            long tables = (vma.end() - 1 >>> 21) - (vma.start() >>> 21) + 1;
            pageTables += Mman.PAGE_SIZE * Math.min(tables, vma.residentBytes() / Mman.PAGE_SIZE);
        }
    }

    long resident() {
        return rssAnonymous + rssFile + rssShared;
    }

    static boolean isShared(VmaInfo vma) {
        return (vma.flags() & Mman.MAP_TYPE) == Mman.MAP_SHARED;
    }

    static boolean isFile(VmaInfo vma) {
        return vma.ino() != 0;
    }

    /** Bytes present that belong to no file. */
    static long anonymousBytes(VmaInfo vma) {
        if (isShared(vma)) {
            return 0;
        }
        return isFile(vma) ? vma.privateDirtyBytes() : vma.residentBytes();
    }

    private static long pages(long bytes) {
        return bytes + Mman.PAGE_SIZE - 1 & -Mman.PAGE_SIZE;
    }
}
