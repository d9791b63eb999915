// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.jvisor.api.abi.Bytes.getInt;
import static org.jvisor.api.abi.Bytes.putByte;
import static org.jvisor.api.abi.Bytes.putInt;
import static org.jvisor.api.abi.Bytes.putLong;
import static org.jvisor.api.abi.Bytes.putShort;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Elf;

/**
 * The vDSO as an ELF shared object (elf(5), vdso(7)): one segment, addresses equal to offsets, no relocations, each function
 * under its own name (weak) and with {@code __vdso_} before it, all of version LINUX_2.6. The {@link ClockPage} lies directly
 * before it.
 */
final class VdsoImage {
    private static final String SONAME = "linux-vdso.so.1";
    private static final String VERSION = "LINUX_2.6";
    private static final int VERSION_INDEX = 2;
    private static final int TEXT_ALIGNMENT = 32;
    private static final int DYNAMIC_ENTRY = 16;
    private static final int VERDEF_SIZE = 20;
    private static final int VERDAUX_SIZE = 8;
    private static final int VER_FLG_BASE = 1;
    private static final int GNU_HASH_SHIFT = 6;
    /** Of the hash tables. */
    private static final int BUCKETS = 3;

    private record Symbol(String name, int binding, VdsoCode.Function function) {}

    private record Section(String name, int type, int flags, int offset, int size, String link, int info, int alignment,
            int entrySize) {}

    private final StringTable strings = new StringTable();
    private final List<Symbol> symbols;
    private final List<Section> sections = new ArrayList<>();
    private final byte[] image = new byte[8192];
    /** End of what is laid out so far. */
    private int end;

    private VdsoImage() {
        symbols = VdsoCode.FUNCTIONS.stream()
                .flatMap(f -> List.of(new Symbol("__vdso_" + f.name(), Elf.STB_GLOBAL, f), new Symbol(f.name(), Elf.STB_WEAK, f))
                        .stream())
                .sorted((one, other) -> Integer.compare(bucket(one.name), bucket(other.name)))
                .toList();
    }

    /** The image, a whole number of pages. */
    static byte[] build() {
        return new VdsoImage().layOut();
    }

    private byte[] layOut() {
        int[] headers = {Elf.PT_LOAD, Elf.PT_DYNAMIC, Elf.PT_GNU_EH_FRAME, Elf.PT_GNU_STACK};
        end = Elf.EHDR_SIZE + headers.length * Elf.PHDR_SIZE;

        symbols.forEach(s -> strings.add(s.name));
        int hash = hash();
        int gnuHash = gnuHashTable();
        int dynsym = reserve((symbols.size() + 1) * Elf.SYM_SIZE, 8);
        section(".dynsym", Elf.SHT_DYNSYM, Elf.SHF_ALLOC, dynsym, ".dynstr", 1, 8, Elf.SYM_SIZE);
        int soname = strings.add(SONAME);
        int versionName = strings.add(VERSION);
        int dynstr = append(strings.bytes(), 1);
        section(".dynstr", Elf.SHT_STRTAB, Elf.SHF_ALLOC, dynstr, "", 0, 1, 0);
        int versym = versym();
        int verdef = verdef(soname, versionName);
        int dynamic = dynamic(soname, hash, gnuHash, dynstr, dynsym, versym, verdef);
        int ehFrameHeader = reserve(EhFrame.HEADER_SIZE, 4);
        section(".eh_frame_hdr", Elf.SHT_PROGBITS, Elf.SHF_ALLOC, ehFrameHeader, "", 0, 4, 0);
        int ehFrame = reserve(EhFrame.SIZE, 8);
        section(".eh_frame", Elf.SHT_PROGBITS, Elf.SHF_ALLOC, ehFrame, "", 0, 8, 0);
        int text = text(dynsym);
        put(EhFrame.header(ehFrameHeader, ehFrame, text), ehFrameHeader);
        put(EhFrame.frames(ehFrame, text, end - text), ehFrame);

        int loaded = end;
        int[][] extents = {{0, loaded}, {dynamic, sectionSize(".dynamic")}, {ehFrameHeader, EhFrame.HEADER_SIZE}, {0, 0}};
        for (int i = 0; i < headers.length; i++) {
            int flags = headers[i] == Elf.PT_LOAD ? Elf.PF_R | Elf.PF_X : Elf.PF_R;
            programHeader(i, headers[i], flags, extents[i][0], extents[i][1], headers[i] == Elf.PT_LOAD ? 4096 : 8);
        }
        elfHeader(headers.length);
        byte[] result = new byte[end + 4095 & -4096];
        System.arraycopy(image, 0, result, 0, end);
        return result;
    }

    // ---- the parts

    /** System V ABI, "Hash Table": nbucket, nchain, buckets, chains. */
    private int hash() {
        int count = symbols.size() + 1;
        int at = reserve(4 * (2 + BUCKETS + count), 8);
        putInt(image, at, BUCKETS);
        putInt(image, at + 4, count);
        int buckets = at + 8;
        int chains = buckets + 4 * BUCKETS;
        for (int i = 1; i < count; i++) {
            int bucket = buckets + 4 * Integer.remainderUnsigned(sysvHash(symbols.get(i - 1).name), BUCKETS);
            putInt(image, chains + 4 * i, getInt(image, bucket));
            putInt(image, bucket, i);
        }
        section(".hash", Elf.SHT_HASH, Elf.SHF_ALLOC, at, ".dynsym", 0, 8, 4);
        return at;
    }

    /**
     * The hash table that GNU ld makes: bucket count, first symbol, Bloom filter words and shift; the filter; the first symbol of
     * each bucket; the hashes of the symbols, whose lowest bit marks the last of a bucket. The symbols are in bucket order.
     */
    private int gnuHashTable() {
        int at = reserve(16 + 8 + 4 * BUCKETS + 4 * symbols.size(), 8);
        putInt(image, at, BUCKETS);
        putInt(image, at + 4, 1);
        putInt(image, at + 8, 1);
        putInt(image, at + 12, GNU_HASH_SHIFT);
        int buckets = at + 24;
        int hashes = buckets + 4 * BUCKETS;
        long filter = 0;
        int previous = -1;
        for (int i = 0; i < symbols.size(); i++) {
            int hash = gnuHash(symbols.get(i).name);
            filter |= 1L << hash | 1L << (hash >>> GNU_HASH_SHIFT);
            int bucket = bucket(symbols.get(i).name);
            if (bucket != previous) {
                putInt(image, buckets + 4 * bucket, i + 1);
                previous = bucket;
            }
            boolean last = i + 1 == symbols.size() || bucket(symbols.get(i + 1).name) != bucket;
            putInt(image, hashes + 4 * i, last ? hash | 1 : hash & ~1);
        }
        putLong(image, at + 16, filter);
        section(".gnu.hash", Elf.SHT_GNU_HASH, Elf.SHF_ALLOC, at, ".dynsym", 0, 8, 0);
        return at;
    }

    private int versym() {
        int at = reserve(2 * (symbols.size() + 1), 2);
        for (int i = 1; i <= symbols.size(); i++) {
            putShort(image, at + 2 * i, VERSION_INDEX);
        }
        section(".gnu.version", Elf.SHT_GNU_versym, Elf.SHF_ALLOC, at, ".dynsym", 0, 2, 2);
        return at;
    }

    /** Two Elf64_Verdef with one Elf64_Verdaux each: the object itself, and the version of all symbols. */
    private int verdef(int soname, int versionName) {
        int at = reserve(2 * (VERDEF_SIZE + VERDAUX_SIZE), 8);
        verdefEntry(at, VER_FLG_BASE, 1, SONAME, soname, VERDEF_SIZE + VERDAUX_SIZE);
        verdefEntry(at + VERDEF_SIZE + VERDAUX_SIZE, 0, VERSION_INDEX, VERSION, versionName, 0);
        section(".gnu.version_d", Elf.SHT_GNU_verdef, Elf.SHF_ALLOC, at, ".dynstr", 2, 8, 0);
        return at;
    }

    private void verdefEntry(int at, int flags, int index, String name, int nameOffset, int next) {
        putShort(image, at, 1);
        putShort(image, at + 2, flags);
        putShort(image, at + 4, index);
        putShort(image, at + 6, 1);
        putInt(image, at + 8, sysvHash(name));
        putInt(image, at + 12, VERDEF_SIZE);
        putInt(image, at + 16, next);
        putInt(image, at + VERDEF_SIZE, nameOffset);
        putInt(image, at + VERDEF_SIZE + 4, 0);
    }

    private int dynamic(int soname, int hash, int gnuHash, int dynstr, int dynsym, int versym, int verdef) {
        long[][] entries = {
            {Elf.DT_SONAME, soname}, {Elf.DT_HASH, hash}, {Elf.DT_GNU_HASH, gnuHash}, {Elf.DT_STRTAB, dynstr},
            {Elf.DT_SYMTAB, dynsym}, {Elf.DT_STRSZ, strings.bytes().length}, {Elf.DT_SYMENT, Elf.SYM_SIZE},
            {Elf.DT_VERSYM, versym}, {Elf.DT_VERDEF, verdef}, {Elf.DT_VERDEFNUM, 2}, {Elf.DT_NULL, 0},
        };
        int at = reserve(DYNAMIC_ENTRY * entries.length, 8);
        for (int i = 0; i < entries.length; i++) {
            putLong(image, at + DYNAMIC_ENTRY * i, entries[i][0]);
            putLong(image, at + DYNAMIC_ENTRY * i + 8, entries[i][1]);
        }
        section(".dynamic", Elf.SHT_DYNAMIC, Elf.SHF_ALLOC, at, ".dynstr", 0, 8, DYNAMIC_ENTRY);
        return at;
    }

    /** Assembles the functions, and fills in the symbols that lead to them. */
    private int text(int dynsym) {
        int textSection = sections.size() + 1;
        int start = end + TEXT_ALIGNMENT - 1 & -TEXT_ALIGNMENT;
        for (VdsoCode.Function function : VdsoCode.FUNCTIONS) {
            int address = end + TEXT_ALIGNMENT - 1 & -TEXT_ALIGNMENT;
            byte[] code = function.assemble(address);
            append(code, TEXT_ALIGNMENT);
            for (int i = 0; i < symbols.size(); i++) {
                Symbol symbol = symbols.get(i);
                if (symbol.function == function) {
                    int at = dynsym + (i + 1) * Elf.SYM_SIZE;
                    putInt(image, at + Elf.SYM_ST_NAME, strings.add(symbol.name));
                    putByte(image, at + Elf.SYM_ST_INFO, symbol.binding << 4 | Elf.STT_FUNC);
                    putShort(image, at + Elf.SYM_ST_SHNDX, textSection);
                    putLong(image, at + Elf.SYM_ST_VALUE, address);
                    putLong(image, at + Elf.SYM_ST_SIZE, code.length);
                }
            }
        }
        section(".text", Elf.SHT_PROGBITS, Elf.SHF_ALLOC | Elf.SHF_EXECINSTR, start, "", 0, TEXT_ALIGNMENT, 0);
        return start;
    }

    // ---- headers

    private void programHeader(int index, int type, int flags, int offset, int size, int alignment) {
        int at = Elf.EHDR_SIZE + index * Elf.PHDR_SIZE;
        putInt(image, at + Elf.PHDR_P_TYPE, type);
        putInt(image, at + Elf.PHDR_P_FLAGS, flags);
        putLong(image, at + Elf.PHDR_P_OFFSET, offset);
        putLong(image, at + Elf.PHDR_P_VADDR, offset);
        putLong(image, at + Elf.PHDR_P_PADDR, offset);
        putLong(image, at + Elf.PHDR_P_FILESZ, size);
        putLong(image, at + Elf.PHDR_P_MEMSZ, size);
        putLong(image, at + Elf.PHDR_P_ALIGN, alignment);
    }

    /** The ELF header, and the section headers that debuggers want, at the end. */
    private void elfHeader(int programHeaders) {
        StringTable names = new StringTable();
        sections.forEach(s -> names.add(s.name));
        names.add(".shstrtab");
        int nameTable = append(names.bytes(), 1);
        section(".shstrtab", Elf.SHT_STRTAB, 0, nameTable, "", 0, 1, 0);
        int headers = reserve((sections.size() + 1) * Elf.SHDR_SIZE, 8);
        for (int i = 0; i < sections.size(); i++) {
            Section section = sections.get(i);
            int at = headers + (i + 1) * Elf.SHDR_SIZE;
            putInt(image, at + Elf.SHDR_SH_NAME, names.add(section.name));
            putInt(image, at + Elf.SHDR_SH_TYPE, section.type);
            putLong(image, at + Elf.SHDR_SH_FLAGS, section.flags);
            putLong(image, at + Elf.SHDR_SH_ADDR, (section.flags & Elf.SHF_ALLOC) == 0 ? 0 : section.offset);
            putLong(image, at + Elf.SHDR_SH_OFFSET, section.offset);
            putLong(image, at + Elf.SHDR_SH_SIZE, section.size);
            putInt(image, at + Elf.SHDR_SH_LINK, sectionIndex(section.link));
            putInt(image, at + Elf.SHDR_SH_INFO, section.info);
            putLong(image, at + Elf.SHDR_SH_ADDRALIGN, section.alignment);
            putLong(image, at + Elf.SHDR_SH_ENTSIZE, section.entrySize);
        }
        putInt(image, 0, Elf.ELFMAG);
        putByte(image, Elf.EI_CLASS, Elf.ELFCLASS64);
        putByte(image, Elf.EI_DATA, Elf.ELFDATA2LSB);
        putByte(image, Elf.EI_VERSION, Elf.EV_CURRENT);
        putShort(image, Elf.EHDR_E_TYPE, Elf.ET_DYN);
        putShort(image, Elf.EHDR_E_MACHINE, Elf.EM_X86_64);
        putInt(image, Elf.EHDR_E_VERSION, Elf.EV_CURRENT);
        putLong(image, Elf.EHDR_E_PHOFF, Elf.EHDR_SIZE);
        putLong(image, Elf.EHDR_E_SHOFF, headers);
        putShort(image, Elf.EHDR_E_EHSIZE, Elf.EHDR_SIZE);
        putShort(image, Elf.EHDR_E_PHENTSIZE, Elf.PHDR_SIZE);
        putShort(image, Elf.EHDR_E_PHNUM, programHeaders);
        putShort(image, Elf.EHDR_E_SHENTSIZE, Elf.SHDR_SIZE);
        putShort(image, Elf.EHDR_E_SHNUM, sections.size() + 1);
        putShort(image, Elf.EHDR_E_SHSTRNDX, sections.size());
    }

    // ---- laying out

    private int reserve(int bytes, int alignment) {
        int at = end + alignment - 1 & -alignment;
        end = at + bytes;
        return at;
    }

    private int append(byte[] bytes, int alignment) {
        int at = reserve(bytes.length, alignment);
        put(bytes, at);
        return at;
    }

    private void put(byte[] bytes, int at) {
        System.arraycopy(bytes, 0, image, at, bytes.length);
    }

    /** What was laid out last, from {@code offset} to the end, is a section. */
    private void section(String name, int type, int flags, int offset, String link, int info, int alignment, int entrySize) {
        sections.add(new Section(name, type, flags, offset, end - offset, link, info, alignment, entrySize));
    }

    private int sectionIndex(String name) {
        for (int i = 0; i < sections.size(); i++) {
            if (sections.get(i).name.equals(name)) {
                return i + 1;
            }
        }
        return 0;
    }

    private int sectionSize(String name) {
        return sections.get(sectionIndex(name) - 1).size;
    }

    /** System V ABI, elf_hash. */
    private static int sysvHash(String name) {
        int hash = 0;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash << 4) + name.charAt(i);
            int high = hash & 0xf0000000;
            hash = (hash ^ high >>> 24) & ~high;
        }
        return hash;
    }

    private static int bucket(String name) {
        return Integer.remainderUnsigned(gnuHash(name), BUCKETS);
    }

    /** Bernstein's hash, which DT_GNU_HASH uses. */
    private static int gnuHash(String name) {
        int hash = 5381;
        for (int i = 0; i < name.length(); i++) {
            hash = hash * 33 + name.charAt(i);
        }
        return hash;
    }

    /** NUL-terminated strings; the first is empty. */
    private static final class StringTable {
        private final StringBuilder content = new StringBuilder("\0");

        /** The string's offset; it is there once. */
        int add(String string) {
            int found = content.indexOf("\0" + string + "\0");
            if (found >= 0) {
                return found + 1;
            }
            content.append(string).append('\0');
            return content.length() - string.length() - 1;
        }

        byte[] bytes() {
            return content.toString().getBytes(StandardCharsets.ISO_8859_1);
        }
    }
}
