// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import static org.jvisor.assembler.Register.EAX;
import static org.jvisor.assembler.Register.EDI;
import static org.jvisor.assembler.Register.ESI;
import static org.jvisor.assembler.Register.R12;
import static org.jvisor.assembler.Register.R12D;
import static org.jvisor.assembler.Register.R13;
import static org.jvisor.assembler.Register.R14;
import static org.jvisor.assembler.Register.R15;
import static org.jvisor.assembler.Register.R9;
import static org.jvisor.assembler.Register.RAX;
import static org.jvisor.assembler.Register.RBP;
import static org.jvisor.assembler.Register.RBX;
import static org.jvisor.assembler.Register.RDI;
import static org.jvisor.assembler.Register.RDX;
import static org.jvisor.assembler.Register.RSI;

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
import org.jvisor.api.platform.UserSpace;
import org.jvisor.assembler.Assembler;
import org.jvisor.assembler.Label;
import org.jvisor.assembler.Register;

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
    /** The last page that there is; above all that applications can use. */
    static final long ADDRESS = UserSpace.TOP - SIZE;

    /** What the host's ps(1) shows; ends with a NUL. */
    static final byte[] NAME = {'j', 'v', 'i', 's', 'o', 'r', '-', 's', 't', 'u', 'b', 0};

    /** Registers that system calls leave alone, in pairs. */
    private static final Register[][] PACKED = {
        {RBX, RBP}, {R12, R13}, {R14, R15}
    };
    static final int BATCH = 1 + PACKED.length;
    private static final int PAGE_SHIFT = Mman.PAGE_SHIFT;
    private static final int PROT_MASK = 7;
    private static final int NUMBER_SHIFT = 4;
    private static final int NUMBER_MASK = 0xff;
    private static final int LENGTH_BITS = 24;
    private static final int MAX_BATCH_PAGES = (1 << LENGTH_BITS) - 1;
    private static final int CODE = Elf.EHDR_SIZE + 2 * Elf.PHDR_SIZE;
    /** _LINUX_CAPABILITY_VERSION_3, capget(2) */
    private static final int CAPABILITY_VERSION = 0x2008_0522;
    private static final int CAPABILITY_DATA_BYTES = 24;

    final byte[] page;
    final int start;
    final StubEntries entries;
    private final long[] batchReturns = new long[BATCH];
    final int capabilityHeader;
    final int capabilityData;
    final int filter;
    final int name;

    /** @param parent the process id that getppid(2) gives a child of the Sentry */
    StubImage(int parent) {
        Assembler a = new Assembler();
        a.bytes(new byte[CODE]);
        Label child = new Label();
        Label park = new Label();
        Label orphan = new Label();

        start = a.position();
        a.mov(R12D, parent);

        // A new stub. Until it is traced, with PTRACE_O_EXITKILL, this is what ends it together with the Sentry: the host sends
        // SIGKILL when its parent dies; where that has happened already, it has another parent now.
        a.bind(child);
        a.mov(EDI, Prctl.PR_SET_PDEATHSIG);
        a.mov(ESI, Signals.SIGKILL);
        a.mov(EAX, SyscallNr.PRCTL).syscall();
        a.mov(EAX, SyscallNr.GETPPID).syscall();
        a.cmp(EAX, R12D).jne(orphan);

        // Waits to be traced. A signal may end pause(2), a PTRACE_INTERRUPT does.
        a.bind(park);
        a.mov(EAX, SyscallNr.PAUSE).syscall();
        a.jmp(park);

        a.bind(orphan);
        a.mov(EAX, SyscallNr.EXIT_GROUP).syscall();
        a.jmp(orphan);

        // The tracer sets the registers and lets the stub run to the breakpoint.
        int call = a.position();
        a.syscall().int3();
        int callDone = a.position();

        int clone = a.position();
        a.syscall().test(RAX, RAX).je(child).int3();
        int cloneDone = a.position();

        int batch = a.position();
        int batchDone = assembleBatch(a);
        entries = new StubEntries(ADDRESS, call, callDone, clone, cloneDone, batch, batchDone, batchReturns);

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

    /**
     * The first call is as usual; each further one comes in a pair of registers ({@link #PACKED}), as {@link #pack} and
     * {@link #packRange} make them. An error, or a pair of zeros, ends it. Memory plays no part, which the application could
     * write, or make unreadable (pkeys(7)).
     */
    private int assembleBatch(Assembler a) {
        Label done = new Label();
        a.syscall();
        batchReturns[0] = a.position();
        for (int i = 1; i < BATCH; i++) {
            Register[] pair = PACKED[i - 1];
            a.test(RAX, RAX).js(done);
            a.test(pair[0], pair[0]).je(done);
            a.mov(RDI, pair[0]).mov(RAX, pair[0]).mov(RDX, pair[0]);
            a.and(RDI, -SIZE);
            a.shr(RAX, NUMBER_SHIFT).and(RAX, NUMBER_MASK);
            a.and(RDX, PROT_MASK);
            a.mov(RSI, pair[1]).mov(R9, pair[1]);
            a.shr(R9, LENGTH_BITS).shl(R9, PAGE_SHIFT);
            a.and(RSI, MAX_BATCH_PAGES).shl(RSI, PAGE_SHIFT);
            a.syscall();
            batchReturns[i] = a.position();
        }
        a.bind(done).int3();
        return a.position();
    }

    /** A call in the first register of a pair: the address's low bits have room for the rest. */
    static long pack(long address, int number, long prot) {
        return address | (long) number << NUMBER_SHIFT | prot;
    }

    /** Its length and offset in the second. */
    static long packRange(long length, long offset) {
        return offset >> PAGE_SHIFT << LENGTH_BITS | length >> PAGE_SHIFT;
    }

    /** Whether a call is sound, as far as the stub is concerned, and fits into a pair of registers. */
    static boolean packable(long address, long length, long offset, long prot) {
        boolean aligned = ((address | length | offset) & SIZE - 1) == 0;
        boolean own = address >= 0 && length > 0 && length >> PAGE_SHIFT <= MAX_BATCH_PAGES && address + length <= UserSpace.END;
        return aligned && own && offset >= 0 && offset >> PAGE_SHIFT + Long.SIZE - LENGTH_BITS == 0 && (prot & ~PROT_MASK) == 0;
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
