// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Elf;

/** Makes ELF files for tests. */
final class ElfBuilder {

    private record Header(int type, int flags, long offset, long address, long fileSize, long memorySize, long alignment) {}

    private final List<Header> headers = new ArrayList<>();
    private int type = Elf.ET_EXEC;
    private long entry = 0x401000;
    private byte[] content = new byte[0x3000];
    private String interpreter;

    static ElfBuilder program() {
        return new ElfBuilder().load(Elf.PF_R | Elf.PF_X, 0, 0x400000, 0x2000, 0x2000)
                .load(Elf.PF_R | Elf.PF_W, 0x2000, 0x402000, 0x800, 0x3000);
    }

    static ElfBuilder shared() {
        ElfBuilder b = new ElfBuilder().load(Elf.PF_R | Elf.PF_X, 0, 0, 0x2000, 0x2000)
                .load(Elf.PF_R | Elf.PF_W, 0x2000, 0x2000, 0x800, 0x1800);
        b.type = Elf.ET_DYN;
        b.entry = 0x1000;
        return b;
    }

    ElfBuilder load(int flags, long offset, long address, long fileSize, long memorySize) {
        headers.add(new Header(Elf.PT_LOAD, flags, offset, address, fileSize, memorySize, 0x1000));
        return this;
    }

    ElfBuilder header(int kind, int flags) {
        headers.add(new Header(kind, flags, 0, 0, 0, 0, 8));
        return this;
    }

    ElfBuilder interpreter(String path) {
        interpreter = path;
        byte[] bytes = (path + "\0").getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, content, 0x1800, bytes.length);
        headers.add(0, new Header(Elf.PT_INTERP, Elf.PF_R, 0x1800, 0x1800, bytes.length, bytes.length, 1));
        return this;
    }

    ElfBuilder entry(long address) {
        entry = address;
        return this;
    }

    byte[] build() {
        byte[] b = Arrays.copyOf(content, content.length);
        Arrays.fill(b, 0x2000, 0x2800, (byte) 0x5a);
        Arrays.fill(b, 0x2800, b.length, (byte) 0x77);
        Bytes.putInt(b, 0, Elf.ELFMAG);
        b[Elf.EI_CLASS] = Elf.ELFCLASS64;
        b[Elf.EI_DATA] = Elf.ELFDATA2LSB;
        b[Elf.EI_VERSION] = Elf.EV_CURRENT;
        Bytes.putShort(b, Elf.EHDR_E_TYPE, type);
        Bytes.putShort(b, Elf.EHDR_E_MACHINE, Elf.EM_X86_64);
        Bytes.putLong(b, Elf.EHDR_E_ENTRY, entry);
        Bytes.putLong(b, Elf.EHDR_E_PHOFF, Elf.EHDR_SIZE);
        Bytes.putShort(b, Elf.EHDR_E_EHSIZE, Elf.EHDR_SIZE);
        Bytes.putShort(b, Elf.EHDR_E_PHENTSIZE, Elf.PHDR_SIZE);
        Bytes.putShort(b, Elf.EHDR_E_PHNUM, headers.size());
        int at = Elf.EHDR_SIZE;
        for (Header h : headers) {
            Bytes.putInt(b, at + Elf.PHDR_P_TYPE, h.type);
            Bytes.putInt(b, at + Elf.PHDR_P_FLAGS, h.flags);
            Bytes.putLong(b, at + Elf.PHDR_P_OFFSET, h.offset);
            Bytes.putLong(b, at + Elf.PHDR_P_VADDR, h.address);
            Bytes.putLong(b, at + Elf.PHDR_P_FILESZ, h.fileSize);
            Bytes.putLong(b, at + Elf.PHDR_P_MEMSZ, h.memorySize);
            Bytes.putLong(b, at + Elf.PHDR_P_ALIGN, h.alignment);
            at += Elf.PHDR_SIZE;
        }
        return b;
    }

    boolean hasInterpreter() {
        return interpreter != null;
    }
}
