// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Elf;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;

/**
 * What the headers of an executable say (elf(5)), checked so far that its numbers can be added up without harm.
 *
 * @param relocatable whether it can lie anywhere (ET_DYN)
 * @param headersAddress where its program headers are once it is loaded, without the load bias; 0 when they are not loaded
 * @param interpreter PT_INTERP, or null
 */
record ElfImage(boolean relocatable, long entry, int headerCount, long headersAddress, List<Segment> segments, String interpreter,
        boolean executableStack) {

    /** What the first read must have brought in. */
    static final int HEADER_SIZE = Elf.EHDR_SIZE;

    private static final int PAGE = 4096;
    private static final int HEADERS_MAX = 65536;
    /** Larger alignments than a huge page of 1 GiB serve nothing but to make addresses overflow. */
    private static final long ALIGNMENT_MAX = 1L << 30;

    /** Reads a file. */
    interface Source {
        /** Reads up to {@code length} bytes at {@code offset}; the count, less at the end of the file. */
        int read(long offset, byte[] target, int length);
    }

    /** PT_LOAD. */
    record Segment(long offset, long address, long fileSize, long memorySize, int flags, long alignment) {

        long start() {
            return address & -PAGE;
        }

        /** Past its last page. */
        long end() {
            return address + memorySize + PAGE - 1 & -PAGE;
        }
    }

    /**
     * Parses an image of at most {@code maxAddress} bytes.
     *
     * @param head the first bytes of the file, at least {@link #HEADER_SIZE} of them valid
     */
    static ElfImage parse(byte[] head, Source file, long maxAddress) {
        int type = Bytes.getUnsignedShort(head, Elf.EHDR_E_TYPE);
        int count = Bytes.getUnsignedShort(head, Elf.EHDR_E_PHNUM);
        long offset = Bytes.getLong(head, Elf.EHDR_E_PHOFF);
        check(Bytes.getInt(head, 0) == Elf.ELFMAG && head[Elf.EI_CLASS] == Elf.ELFCLASS64 && head[Elf.EI_DATA] == Elf.ELFDATA2LSB
                && (type == Elf.ET_EXEC || type == Elf.ET_DYN)
                && Bytes.getUnsignedShort(head, Elf.EHDR_E_MACHINE) == Elf.EM_X86_64
                && Bytes.getUnsignedShort(head, Elf.EHDR_E_PHENTSIZE) == Elf.PHDR_SIZE
                && count > 0 && count * Elf.PHDR_SIZE <= HEADERS_MAX && offset >= 0, Errno.ENOEXEC);
        byte[] headers = new byte[count * Elf.PHDR_SIZE];
        check(file.read(offset, headers, headers.length) == headers.length, Errno.ENOEXEC);

        List<Segment> segments = new ArrayList<>();
        String interpreter = null;
        boolean executableStack = false;
        long headersAddress = 0;
        for (int at = 0; at < headers.length; at += Elf.PHDR_SIZE) {
            switch (Bytes.getInt(headers, at + Elf.PHDR_P_TYPE)) {
                case Elf.PT_LOAD -> {
                    Segment segment = segment(headers, at, maxAddress);
                    if (segment.memorySize > 0) {
                        segments.add(segment);
                    }
                    if (offset >= segment.offset && offset - segment.offset < segment.fileSize) {
                        headersAddress = segment.address + offset - segment.offset;
                    }
                }
                case Elf.PT_INTERP -> interpreter = interpreter == null ? interpreter(headers, at, file) : interpreter;
                case Elf.PT_GNU_STACK -> executableStack = (Bytes.getInt(headers, at + Elf.PHDR_P_FLAGS) & Elf.PF_X) != 0;
                default -> {
                    // Nothing that concerns the loader.
                }
            }
        }
        check(!segments.isEmpty(), Errno.EINVAL);
        return new ElfImage(type == Elf.ET_DYN, Bytes.getLong(head, Elf.EHDR_E_ENTRY), count, headersAddress,
                List.copyOf(segments), interpreter, executableStack);
    }

    private static Segment segment(byte[] headers, int at, long maxAddress) {
        long offset = Bytes.getLong(headers, at + Elf.PHDR_P_OFFSET);
        long address = Bytes.getLong(headers, at + Elf.PHDR_P_VADDR);
        long fileSize = Bytes.getLong(headers, at + Elf.PHDR_P_FILESZ);
        long memorySize = Bytes.getLong(headers, at + Elf.PHDR_P_MEMSZ);
        check(address >= 0 && memorySize >= 0 && address <= maxAddress && memorySize <= maxAddress - address
                && fileSize >= 0 && fileSize <= memorySize && offset >= 0 && offset <= Long.MAX_VALUE - maxAddress
                && (fileSize == 0 || (offset - address & PAGE - 1) == 0), Errno.EINVAL);
        long alignment = Bytes.getLong(headers, at + Elf.PHDR_P_ALIGN);
        boolean usable = Long.bitCount(alignment) == 1 && alignment > PAGE && alignment <= ALIGNMENT_MAX;
        return new Segment(offset, address, fileSize, memorySize, Bytes.getInt(headers, at + Elf.PHDR_P_FLAGS),
                usable ? alignment : PAGE);
    }

    private static String interpreter(byte[] headers, int at, Source file) {
        long size = Bytes.getLong(headers, at + Elf.PHDR_P_FILESZ);
        long offset = Bytes.getLong(headers, at + Elf.PHDR_P_OFFSET);
        check(size >= 2 && size <= Open.PATH_MAX && offset >= 0, Errno.ENOEXEC);
        byte[] path = new byte[(int) size];
        check(file.read(offset, path, path.length) == path.length && path[path.length - 1] == 0, Errno.ENOEXEC);
        return Bytes.getString(path, 0, path.length);
    }

    private static void check(boolean holds, int errno) {
        if (!holds) {
            throw ErrnoException.of(errno);
        }
    }

    /** The lowest address, page aligned. */
    long start() {
        return segments.stream().mapToLong(Segment::start).min().orElseThrow();
    }

    /** Past the highest page. */
    long end() {
        return segments.stream().mapToLong(Segment::end).max().orElseThrow();
    }

    /** What its load bias must be a multiple of. */
    long alignment() {
        return segments.stream().mapToLong(Segment::alignment).max().orElseThrow();
    }

}
