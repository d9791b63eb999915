// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Arrays;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.CapHeaderLayout;
import org.jvisor.api.abi.Elf;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SockFilterLayout;
import org.jvisor.api.abi.SockFprogLayout;
import org.jvisor.api.abi.SyscallNr;

/**
 * The stub: one page, a static program whose only segment is the page itself. It starts at {@link #LOADED_AT}, where an
 * executable file may be loaded on any host, and is moved to {@link #ADDRESS} before anything else gets into its address space.
 * The page is never writable, so that its code can be relied on though the application may jump anywhere into it.
 *
 * <pre>
 * ELF header | program headers | code | capset(2)'s arguments | name | filter | struct sock_fprog
 * </pre>
 *
 * Fields are offsets into the page.
 */
final class StubImage {
    static final int SIZE = Mman.PAGE_SIZE;
    static final long LOADED_AT = 0x40_0000;
    /** Below the last page of the user's half, which the host keeps free itself; above all that applications can use. */
    static final long ADDRESS = 0x7fff_ffff_e000L;
    static final long END_OF_USER_SPACE = 0x7fff_ffff_f000L;

    /** What the host's ps(1) shows; ends with a NUL. */
    static final byte[] NAME = {'j', 'v', 'i', 's', 'o', 'r', '-', 's', 't', 'u', 'b', 0};

    private static final int CODE = Elf.EHDR_SIZE + 2 * Elf.PHDR_SIZE;
    /** _LINUX_CAPABILITY_VERSION_3, capget(2) */
    private static final int CAPABILITY_VERSION = 0x2008_0522;
    private static final int CAPABILITY_DATA_BYTES = 24;

    final byte[] page;
    final int start;
    /** Where a system call of the Sentry's choice starts, and the address that the stub has when it is done. */
    final int call;
    final int callDone;
    /** The same for clone(2), whose child goes its own way. */
    final int clone;
    final int cloneDone;
    final int capabilityHeader;
    final int capabilityData;
    final int filter;
    final int name;

    /** @param parent the process id that getppid(2) gives a child of the Sentry */
    StubImage(int parent) {
        Assembler a = new Assembler();
        a.bytes(new byte[CODE]);
        Assembler.Label child = new Assembler.Label();
        Assembler.Label park = new Assembler.Label();
        Assembler.Label orphan = new Assembler.Label();

        start = a.position();
        a.move(Assembler.R12D, parent);

        // A new stub. Until it is traced, with PTRACE_O_EXITKILL, this is what ends it together with the Sentry: the host sends
        // SIGKILL when its parent dies; where that has happened already, it has another parent now.
        a.bind(child);
        a.move(Assembler.EDI, Prctl.PR_SET_PDEATHSIG);
        a.move(Assembler.ESI, Signals.SIGKILL);
        a.move(Assembler.EAX, SyscallNr.PRCTL).syscall();
        a.move(Assembler.EAX, SyscallNr.GETPPID).syscall();
        a.compareEaxR12d().jumpIfNotZero(orphan);

        // Waits to be traced. A signal may end pause(2), a PTRACE_INTERRUPT does.
        a.bind(park);
        a.move(Assembler.EAX, SyscallNr.PAUSE).syscall();
        a.jump(park);

        a.bind(orphan);
        a.move(Assembler.EAX, SyscallNr.EXIT_GROUP).syscall();
        a.jump(orphan);

        // The tracer sets the registers and lets the stub run to the breakpoint.
        call = a.position();
        a.syscall().breakpoint();
        callDone = a.position();

        clone = a.position();
        a.syscall().testEax().jumpIfZero(child).breakpoint();
        cloneDone = a.position();

        capabilityHeader = a.align(Long.BYTES).position();
        byte[] header = new byte[CapHeaderLayout.SIZE];
        CapHeaderLayout.version(header, 0, CAPABILITY_VERSION);
        a.bytes(header);
        capabilityData = a.position();
        a.bytes(new byte[CAPABILITY_DATA_BYTES]);

        name = a.position();
        a.bytes(NAME);

        int program = a.align(Long.BYTES).position();
        byte[] instructions = StubFilter.program();
        a.bytes(instructions);
        filter = a.position();
        byte[] fprog = new byte[SockFprogLayout.SIZE];
        SockFprogLayout.len(fprog, 0, instructions.length / SockFilterLayout.SIZE);
        SockFprogLayout.filter(fprog, 0, ADDRESS + program);
        a.bytes(fprog);

        page = Arrays.copyOf(a.code(), SIZE);
        putHeaders(page, start);
    }

    private static void putHeaders(byte[] page, int start) {
        Bytes.putInt(page, Elf.EHDR_E_IDENT, Elf.ELFMAG);
        Bytes.putByte(page, Elf.EI_CLASS, Elf.ELFCLASS64);
        Bytes.putByte(page, Elf.EI_DATA, Elf.ELFDATA2LSB);
        Bytes.putByte(page, Elf.EI_VERSION, Elf.EV_CURRENT);
        Bytes.putShort(page, Elf.EHDR_E_TYPE, Elf.ET_EXEC);
        Bytes.putShort(page, Elf.EHDR_E_MACHINE, Elf.EM_X86_64);
        Bytes.putInt(page, Elf.EHDR_E_VERSION, Elf.EV_CURRENT);
        Bytes.putLong(page, Elf.EHDR_E_ENTRY, LOADED_AT + start);
        Bytes.putLong(page, Elf.EHDR_E_PHOFF, Elf.EHDR_SIZE);
        Bytes.putShort(page, Elf.EHDR_E_EHSIZE, Elf.EHDR_SIZE);
        Bytes.putShort(page, Elf.EHDR_E_PHENTSIZE, Elf.PHDR_SIZE);
        Bytes.putShort(page, Elf.EHDR_E_PHNUM, 2);

        int load = Elf.EHDR_SIZE;
        Bytes.putInt(page, load + Elf.PHDR_P_TYPE, Elf.PT_LOAD);
        Bytes.putInt(page, load + Elf.PHDR_P_FLAGS, Elf.PF_R | Elf.PF_X);
        Bytes.putLong(page, load + Elf.PHDR_P_VADDR, LOADED_AT);
        Bytes.putLong(page, load + Elf.PHDR_P_FILESZ, SIZE);
        Bytes.putLong(page, load + Elf.PHDR_P_MEMSZ, SIZE);
        Bytes.putLong(page, load + Elf.PHDR_P_ALIGN, SIZE);

        // Without this one the host would make all readable memory executable (personality(2), READ_IMPLIES_EXEC).
        int stack = load + Elf.PHDR_SIZE;
        Bytes.putInt(page, stack + Elf.PHDR_P_TYPE, Elf.PT_GNU_STACK);
        Bytes.putInt(page, stack + Elf.PHDR_P_FLAGS, Elf.PF_R | Elf.PF_W);
    }
}
