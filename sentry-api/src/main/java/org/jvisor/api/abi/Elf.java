// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** ELF-64 files, see elf(5): header and program header layouts and their constants; note types of core files. */
public final class Elf {
    // Bytes of e_ident
    public static final int EI_CLASS = 4;
    public static final int EI_DATA = 5;
    public static final int EI_VERSION = 6;
    public static final int EI_OSABI = 7;
    public static final int EI_ABIVERSION = 8;
    public static final int EI_NIDENT = 16;
    public static final int ELFCLASS32 = 1;
    public static final int ELFCLASS64 = 2;
    public static final int ELFDATA2LSB = 1;
    public static final int EV_CURRENT = 1;
    public static final int ELFOSABI_SYSV = 0;
    public static final int ELFOSABI_LINUX = 3;

    // The first four bytes, read as a little-endian int
    public static final int ELFMAG = 0x464c457f;

    // e_type and e_machine
    public static final int ET_NONE = 0;
    public static final int ET_REL = 1;
    public static final int ET_EXEC = 2;
    public static final int ET_DYN = 3;
    public static final int ET_CORE = 4;
    public static final int EM_386 = 3;
    public static final int EM_X86_64 = 62;

    // Offsets in struct Elf64_Ehdr
    public static final int EHDR_E_IDENT = 0;
    public static final int EHDR_E_TYPE = 16;
    public static final int EHDR_E_MACHINE = 18;
    public static final int EHDR_E_VERSION = 20;
    public static final int EHDR_E_ENTRY = 24;
    public static final int EHDR_E_PHOFF = 32;
    public static final int EHDR_E_SHOFF = 40;
    public static final int EHDR_E_FLAGS = 48;
    public static final int EHDR_E_EHSIZE = 52;
    public static final int EHDR_E_PHENTSIZE = 54;
    public static final int EHDR_E_PHNUM = 56;
    public static final int EHDR_E_SHENTSIZE = 58;
    public static final int EHDR_E_SHNUM = 60;
    public static final int EHDR_E_SHSTRNDX = 62;
    public static final int EHDR_SIZE = 64;

    // Offsets in struct Elf64_Phdr
    public static final int PHDR_P_TYPE = 0;
    public static final int PHDR_P_FLAGS = 4;
    public static final int PHDR_P_OFFSET = 8;
    public static final int PHDR_P_VADDR = 16;
    public static final int PHDR_P_PADDR = 24;
    public static final int PHDR_P_FILESZ = 32;
    public static final int PHDR_P_MEMSZ = 40;
    public static final int PHDR_P_ALIGN = 48;
    public static final int PHDR_SIZE = 56;

    // p_type
    public static final int PT_NULL = 0x0;
    public static final int PT_LOAD = 0x1;
    public static final int PT_DYNAMIC = 0x2;
    public static final int PT_INTERP = 0x3;
    public static final int PT_NOTE = 0x4;
    public static final int PT_SHLIB = 0x5;
    public static final int PT_PHDR = 0x6;
    public static final int PT_TLS = 0x7;
    public static final int PT_GNU_EH_FRAME = 0x6474e550;
    public static final int PT_GNU_STACK = 0x6474e551;
    public static final int PT_GNU_RELRO = 0x6474e552;
    public static final int PT_GNU_PROPERTY = 0x6474e553;

    // p_flags
    public static final int PF_X = 0x1;
    public static final int PF_W = 0x2;
    public static final int PF_R = 0x4;

    // Offsets in struct Elf64_Shdr
    public static final int SHDR_SH_NAME = 0;
    public static final int SHDR_SH_TYPE = 4;
    public static final int SHDR_SH_FLAGS = 8;
    public static final int SHDR_SH_ADDR = 16;
    public static final int SHDR_SH_OFFSET = 24;
    public static final int SHDR_SH_SIZE = 32;
    public static final int SHDR_SH_LINK = 40;
    public static final int SHDR_SH_INFO = 44;
    public static final int SHDR_SH_ADDRALIGN = 48;
    public static final int SHDR_SH_ENTSIZE = 56;
    public static final int SHDR_SIZE = 64;

    // sh_type and sh_flags
    public static final int SHT_NULL = 0x0;
    public static final int SHT_PROGBITS = 0x1;
    public static final int SHT_SYMTAB = 0x2;
    public static final int SHT_STRTAB = 0x3;
    public static final int SHT_HASH = 0x5;
    public static final int SHT_DYNAMIC = 0x6;
    public static final int SHT_NOTE = 0x7;
    public static final int SHT_NOBITS = 0x8;
    public static final int SHT_DYNSYM = 0xb;
    public static final int SHT_GNU_HASH = 0x6ffffff6;
    public static final int SHT_GNU_verdef = 0x6ffffffd;
    public static final int SHT_GNU_versym = 0x6fffffff;
    public static final int SHF_WRITE = 0x1;
    public static final int SHF_ALLOC = 0x2;
    public static final int SHF_EXECINSTR = 0x4;
    public static final int SHF_STRINGS = 0x20;

    // Offsets in struct Elf64_Sym, and its constants
    public static final int SYM_ST_NAME = 0;
    public static final int SYM_ST_INFO = 4;
    public static final int SYM_ST_OTHER = 5;
    public static final int SYM_ST_SHNDX = 6;
    public static final int SYM_ST_VALUE = 8;
    public static final int SYM_ST_SIZE = 16;
    public static final int SYM_SIZE = 24;
    public static final int STB_LOCAL = 0;
    public static final int STB_GLOBAL = 1;
    public static final int STB_WEAK = 2;
    public static final int STT_NOTYPE = 0;
    public static final int STT_OBJECT = 1;
    public static final int STT_FUNC = 2;
    public static final int STT_SECTION = 3;

    // Tags of the dynamic section
    public static final int DT_NULL = 0x0;
    public static final int DT_HASH = 0x4;
    public static final int DT_STRTAB = 0x5;
    public static final int DT_SYMTAB = 0x6;
    public static final int DT_STRSZ = 0xa;
    public static final int DT_SYMENT = 0xb;
    public static final int DT_SONAME = 0xe;
    public static final int DT_GNU_HASH = 0x6ffffef5;
    public static final int DT_VERSYM = 0x6ffffff0;
    public static final int DT_VERDEF = 0x6ffffffc;
    public static final int DT_VERDEFNUM = 0x6ffffffd;
    public static final int DT_FLAGS = 0x1e;
    public static final int DT_SYMBOLIC = 0x10;

    // Notes, of core files and register sets of ptrace(2)
    public static final int NT_PRSTATUS = 0x1;
    public static final int NT_PRFPREG = 0x2;
    public static final int NT_PRPSINFO = 0x3;
    public static final int NT_TASKSTRUCT = 0x4;
    public static final int NT_AUXV = 0x6;
    public static final int NT_SIGINFO = 0x53494749;
    public static final int NT_FILE = 0x46494c45;
    public static final int NT_X86_XSTATE = 0x202;
    public static final int NT_GNU_BUILD_ID = 0x3;
    public static final int NT_GNU_PROPERTY_TYPE_0 = 0x5;

    private Elf() {
    }
}
