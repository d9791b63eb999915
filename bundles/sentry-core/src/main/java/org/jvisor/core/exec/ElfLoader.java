// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import org.jvisor.api.abi.Elf;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.host.RandomBytes;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.process.TaskImpl;

/** Maps ELF images into a new memory manager. */
final class ElfLoader {

    private static final long PAGE = 4096;
    /** Nothing lies below, so that null pointers fault (vm.mmap_min_addr). */
    private static final long MIN_ADDRESS = 0x10000;
    /** Pages by which places are randomised: 28 bits, as Linux does (vm.mmap_rnd_bits). */
    private static final int RANDOM_BITS = 28;

    private final TaskImpl task;
    private final MemoryManager mm;
    private final UserMemory memory;
    private final RandomBytes random;
    private final long maxAddress;

    ElfLoader(TaskImpl task, MemoryManager mm, UserMemory memory, RandomBytes random, long maxAddress) {
        this.task = task;
        this.mm = mm;
        this.memory = memory;
        this.random = random;
        this.maxAddress = maxAddress;
    }

    /** Maps the program; its load bias. One with an interpreter gets a place of its own, away from the libraries. */
    long loadProgram(ElfImage image, FileDescription file) {
        long bias;
        if (!image.relocatable()) {
            bias = 0;
        } else if (image.interpreter() != null) {
            bias = aligned(programBase(), image);
        } else {
            bias = freeBias(image);
        }
        map(image, file, bias);
        return bias;
    }

    /** Maps the dynamic linker; its load bias. */
    long loadInterpreter(ElfImage image, FileDescription file) {
        long bias = image.relocatable() ? freeBias(image) : 0;
        map(image, file, bias);
        return bias;
    }

    /** Two thirds up, as Linux's ELF_ET_DYN_BASE. */
    long programBase() {
        return (maxAddress / 3 * 2 & -PAGE) + random.bits(RANDOM_BITS) * PAGE;
    }

    private static long aligned(long base, ElfImage image) {
        return (base & -image.alignment()) - (image.start() & -image.alignment());
    }

    /** A bias by which the image lies where there is room; nobody else maps meanwhile. */
    private long freeBias(ElfImage image) {
        long room = image.end() - image.start() + image.alignment();
        long address = mm.mmap(task, 0, room, Mman.PROT_NONE,
                Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE, null, 0);
        ErrnoException.check(address);
        ErrnoException.check(mm.munmap(task, address, room));
        long first = (address + image.alignment() - 1 & -image.alignment()) + (image.start() & image.alignment() - 1);
        if (first + image.end() - image.start() > address + room) {
            first -= image.alignment();
        }
        return first - image.start();
    }

    private void map(ElfImage image, FileDescription file, long bias) {
        if (bias + image.start() < MIN_ADDRESS) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (bias + image.end() > maxAddress) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        for (ElfImage.Segment segment : image.segments()) {
            mapSegment(segment, file, bias);
        }
    }

    private void mapSegment(ElfImage.Segment segment, FileDescription file, long bias) {
        int prot = protection(segment.flags());
        long start = bias + segment.start();
        long inPage = segment.address() & PAGE - 1;
        long anonymous = start;
        if (segment.fileSize() > 0) {
            long length = inPage + segment.fileSize();
            ErrnoException.check(mm.mmap(task, start, length, prot, Mman.MAP_PRIVATE | Mman.MAP_FIXED, file,
                    segment.offset() - inPage));
            anonymous = start + length + PAGE - 1 & -PAGE;
            if (segment.memorySize() > segment.fileSize() && (prot & Mman.PROT_WRITE) != 0) {
                // What follows the file's bytes in their last page is the beginning of bss.
                memory.zero(start + length, anonymous - (start + length));
            }
        }
        long end = bias + segment.end();
        if (end > anonymous) {
            ErrnoException.check(mm.mmap(task, anonymous, end - anonymous, prot,
                    Mman.MAP_PRIVATE | Mman.MAP_FIXED | Mman.MAP_ANONYMOUS, null, 0));
        }
    }

    private static int protection(int flags) {
        return ((flags & Elf.PF_R) != 0 ? Mman.PROT_READ : 0) | ((flags & Elf.PF_W) != 0 ? Mman.PROT_WRITE : 0)
                | ((flags & Elf.PF_X) != 0 ? Mman.PROT_EXEC : 0);
    }
}
