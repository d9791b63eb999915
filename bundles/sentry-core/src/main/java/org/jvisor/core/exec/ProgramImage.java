// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jvisor.api.abi.Auxv;
import org.jvisor.api.abi.Elf;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.host.RandomBytes;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.core.HostTraits;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskImpl;

/** The memory of a new program, complete before its process gives up the old one: nothing that is wrong with it does harm. */
final class ProgramImage {

    private static final long PAGE = 4096;
    private static final int CLOCK_TICKS = 100;
    private static final int RANDOM_BYTES = 16;
    /** Pages of the stack that are mapped from the start, as in Linux; the rest is there when it is touched. */
    private static final long STACK_INITIAL = 33 * PAGE;
    /** 16 GiB by which the stack's place is randomised, in pages, and by how much of a page. */
    private static final int STACK_RANDOM_BITS = 22;
    private static final int BRK_RANDOM_BITS = 13;
    /** execve(2): one string, and all of them together. */
    private static final int STRING_MAX = 32 * 4096;
    private static final long STRINGS_MIN = 32 * 4096;
    private static final long STRINGS_MAX = 6 << 20;

    private final TaskImpl task;
    private final KernelImpl kernel;
    private final MemoryManager mm;
    private final UserMemory memory;
    private final long maxAddress;
    private long entry;
    private long stackPointer;

    /** Throws what execve(2) fails with; nothing is left then. */
    ProgramImage(TaskImpl task, Program program, List<byte[]> environment, String name, Credentials credentials) {
        this.task = task;
        this.kernel = task.kernelImpl();
        this.maxAddress = UserSpace.END;
        checkSize(program.arguments(), environment);
        this.mm = kernel.memory().newManager(task.cgroup());
        this.memory = mm.newUserMemory(task);
        boolean complete = false;
        try {
            load(program, environment, name, credentials);
            complete = true;
        } catch (ErrnoException e) {
            // A file that ends before its segments do. Linux would notice too late and kill the caller by SIGSEGV.
            throw e.errno() == Errno.EFAULT ? ErrnoException.of(Errno.ENOEXEC) : e;
        } finally {
            if (!complete) {
                mm.release(null);
            }
        }
    }

    private void checkSize(List<byte[]> arguments, List<byte[]> environment) {
        long limit = task.group().softLimit(Rlimit.RLIMIT_STACK) >>> 2;
        long allowed = Math.max(STRINGS_MIN, Math.min(limit, STRINGS_MAX));
        long sum = 0;
        for (List<byte[]> strings : List.of(arguments, environment)) {
            for (byte[] string : strings) {
                if (string.length >= STRING_MAX) {
                    throw ErrnoException.of(Errno.E2BIG);
                }
                sum += string.length + 1 + Long.BYTES;
            }
        }
        if (sum > allowed) {
            throw ErrnoException.of(Errno.E2BIG);
        }
    }

    private void load(Program program, List<byte[]> environment, String name, Credentials credentials) {
        ElfImage image = program.image();
        ElfLoader loader = new ElfLoader(task, mm, memory, kernel.randomBytes(), maxAddress);
        long bias = loader.loadProgram(image, program.file());
        long linkerBias = 0;
        entry = bias + image.entry();
        if (program.linkerImage() != null) {
            linkerBias = loader.loadInterpreter(program.linkerImage(), program.linkerFile());
            entry = linkerBias + program.linkerImage().entry();
        }
        if (Long.compareUnsigned(entry, maxAddress) >= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        layOut(image, bias, loader);
        long vdso = ErrnoException.check(kernel.vdso().map(task, mm));
        mm.layout().vdso = vdso;
        mm.setExecutable(program.file().path());

        StackBuilder stack = new StackBuilder(program.arguments(), environment, name.getBytes(StandardCharsets.ISO_8859_1));
        HostTraits host = kernel.hostTraits();
        stack.auxiliary(Auxv.AT_SYSINFO_EHDR, vdso);
        stack.auxiliary(Auxv.AT_MINSIGSTKSZ, host.signalStackMin());
        stack.auxiliary(Auxv.AT_HWCAP, host.capabilities());
        stack.auxiliary(Auxv.AT_PAGESZ, PAGE);
        stack.auxiliary(Auxv.AT_CLKTCK, CLOCK_TICKS);
        stack.auxiliary(Auxv.AT_PHDR, image.headersAddress() == 0 ? 0 : bias + image.headersAddress());
        stack.auxiliary(Auxv.AT_PHENT, Elf.PHDR_SIZE);
        stack.auxiliary(Auxv.AT_PHNUM, image.headerCount());
        stack.auxiliary(Auxv.AT_BASE, linkerBias);
        stack.auxiliary(Auxv.AT_FLAGS, 0);
        stack.auxiliary(Auxv.AT_ENTRY, bias + image.entry());
        stack.auxiliary(Auxv.AT_UID, credentials.uid());
        stack.auxiliary(Auxv.AT_EUID, credentials.euid());
        stack.auxiliary(Auxv.AT_GID, credentials.gid());
        stack.auxiliary(Auxv.AT_EGID, credentials.egid());
        stack.auxiliary(Auxv.AT_SECURE, 0);
        stack.auxiliary(Auxv.AT_HWCAP2, host.capabilities2());
        putStack(stack, image.executableStack());
    }

    private void layOut(ElfImage image, long bias, ElfLoader loader) {
        MemoryManager.Layout layout = mm.layout();
        long brk = 0;
        for (ElfImage.Segment segment : image.segments()) {
            long start = bias + segment.address();
            long fileEnd = start + segment.fileSize();
            if ((segment.flags() & Elf.PF_X) != 0) {
                layout.startCode = layout.startCode == 0 ? start : Math.min(layout.startCode, start);
                layout.endCode = Math.max(layout.endCode, fileEnd);
            }
            if (start >= layout.startData) {
                layout.startData = start;
            }
            layout.endData = Math.max(layout.endData, fileEnd);
            brk = Math.max(brk, start + segment.memorySize());
        }
        // A program that lies among the libraries has its heap elsewhere, where there is room for it to grow.
        long base = image.relocatable() && image.interpreter() == null ? loader.programBase() : brk;
        layout.startBrk = (base + PAGE - 1 & -PAGE) + kernel.randomBytes().bits(BRK_RANDOM_BITS) * PAGE;
    }

    private void putStack(StackBuilder builder, boolean executable) {
        RandomBytes random = kernel.randomBytes();
        long top = maxAddress - PAGE - random.bits(STACK_RANDOM_BITS) * PAGE;
        long size = builder.size() + PAGE + STACK_INITIAL & -PAGE;
        int prot = Mman.PROT_READ | Mman.PROT_WRITE | (executable ? Mman.PROT_EXEC : 0);
        ErrnoException.check(mm.mmap(task, top - size, size, prot,
                Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_GROWSDOWN | Mman.MAP_STACK | Mman.MAP_FIXED_NOREPLACE, null, 0));
        byte[] canary = new byte[RANDOM_BYTES];
        random.fill(canary, 0, RANDOM_BYTES);
        // The last bits of the stack pointer differ from run to run, too.
        byte[] bytes = builder.build(top - (random.bits(8) << 4), canary, mm.layout());
        stackPointer = mm.layout().startStack;
        memory.copyOut(bytes, 0, bytes.length, stackPointer);
    }

    MemoryManager mm() {
        return mm;
    }

    UserMemory memory() {
        return memory;
    }

    long entry() {
        return entry;
    }

    long stackPointer() {
        return stackPointer;
    }

    /** It is not wanted any more. */
    void discard() {
        mm.release(null);
    }
}
