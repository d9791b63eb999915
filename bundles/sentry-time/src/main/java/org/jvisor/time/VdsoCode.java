// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.jvisor.assembler.Memory.at;
import static org.jvisor.assembler.Register.EAX;
import static org.jvisor.assembler.Register.ECX;
import static org.jvisor.assembler.Register.EDI;
import static org.jvisor.assembler.Register.EDX;
import static org.jvisor.assembler.Register.R10;
import static org.jvisor.assembler.Register.R10D;
import static org.jvisor.assembler.Register.R8;
import static org.jvisor.assembler.Register.R9D;
import static org.jvisor.assembler.Register.RAX;
import static org.jvisor.assembler.Register.RCX;
import static org.jvisor.assembler.Register.RDI;
import static org.jvisor.assembler.Register.RDX;
import static org.jvisor.assembler.Register.RSI;

import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.assembler.Assembler;
import org.jvisor.assembler.Label;

/**
 * The functions of the vDSO, by the calling convention of the System V ABI for x86-64. Leaf functions that touch no stack and
 * only registers that belong to the callee. Pointers are the program's own: a bad one faults in the program, as vdso(7)'s do.
 * What they cannot answer goes to the kernel by the system call of the same name. {@code page} is the {@link ClockPage}, which lies
 * before the image.
 */
final class VdsoCode {

    /** A function of the image; {@code body} writes it. */
    record Function(String name, Consumer<VdsoCode> body) {

        /** @param address in the image */
        byte[] assemble(int address) {
            Assembler assembler = new Assembler(address);
            body.accept(new VdsoCode(assembler));
            return assembler.code();
        }
    }

    /** In the order of the text section. */
    static final List<Function> FUNCTIONS = List.of(
        new Function("clock_gettime", VdsoCode::clockGettime),
        new Function("gettimeofday", VdsoCode::gettimeofday),
        new Function("time", VdsoCode::time),
        new Function("clock_getres", VdsoCode::clockGetres),
        new Function("getcpu", VdsoCode::getcpu));

    /** The clocks, by their numbers' bits: 0, 1 and 4 to 7. */
    private static final int CLOCKS = 0xf3;
    /** Of those 0 and 5 are REALTIME's. */
    private static final int REALTIME_CLOCKS = 0x21;
    private static final int COARSE_CLOCKS = 0x60;
    private static final int LAST_CLOCK = 7;
    private static final int COARSE_NS = 4_000_000;

    private static final int CPU_SELECTOR = 0x7b;
    private static final int CPU_MASK = 0xfff;

    private static final int NS = 1_000_000_000;
    private static final int SECOND_FIELD = 8;

    private final Assembler a;
    private final Label page = new Label();
    private final Label kernel = new Label();
    private final Label retry = new Label();

    private VdsoCode(Assembler assembler) {
        a = assembler;
        a.bind(page, -ClockPage.SIZE);
    }

    /** int clock_gettime(clockid_t EDI, struct timespec *RSI) */
    private void clockGettime() {
        Label check = new Label();
        a.cmp(EDI, LAST_CLOCK).ja(kernel);
        a.mov(EAX, CLOCKS).bt(EAX, EDI).jae(kernel);
        monotonic();
        a.mov(R10D, REALTIME_CLOCKS).bt(R10D, EDI).jae(check);
        addRealtimeOffset();
        a.bind(check);
        checkSequence();
        split();
        a.mov(at(RSI), RDX).mov(at(RSI, SECOND_FIELD), R10);
        a.xor(EAX, EAX).ret();
        askKernel(SyscallNr.CLOCK_GETTIME);
    }

    /** int gettimeofday(struct timeval *RDI, struct timezone *RSI); each may be null. The zone is always UTC. */
    private void gettimeofday() {
        Label zone = new Label();
        Label done = new Label();
        a.test(RDI, RDI).je(zone);
        monotonic();
        addRealtimeOffset();
        checkSequence();
        split();
        // Division by 1,000: 2^38 / 1000, rounded up, is exact for what is below 10^9.
        a.imul(RAX, R10, 274_877_907).shr(RAX, 38);
        a.mov(at(RDI), RDX).mov(at(RDI, SECOND_FIELD), RAX);
        a.bind(zone).xor(EAX, EAX);
        a.test(RSI, RSI).je(done).mov(at(RSI), RAX);
        a.bind(done).ret();
        askKernel(SyscallNr.GETTIMEOFDAY);
    }

    /** time_t time(time_t *RDI), which may be null. */
    private void time() {
        Label done = new Label();
        monotonic();
        addRealtimeOffset();
        checkSequence();
        split();
        a.mov(RAX, RDX);
        a.test(RDI, RDI).je(done).mov(at(RDI), RAX);
        a.bind(done).ret();
        askKernel(SyscallNr.TIME);
    }

    /** int clock_getres(clockid_t EDI, struct timespec *RSI), which may be null: 1 ns, and 4 ms for the coarse ones. */
    private void clockGetres() {
        Label store = new Label();
        Label done = new Label();
        a.cmp(EDI, LAST_CLOCK).ja(kernel);
        a.mov(EDX, 1).mov(EAX, CLOCKS & ~COARSE_CLOCKS).bt(EAX, EDI).jb(store);
        a.mov(EDX, COARSE_NS).mov(EAX, COARSE_CLOCKS).bt(EAX, EDI).jae(kernel);
        a.bind(store).xor(EAX, EAX);
        a.test(RSI, RSI).je(done).mov(at(RSI), RAX).mov(at(RSI, SECOND_FIELD), RDX);
        a.bind(done).ret();
        askKernel(SyscallNr.CLOCK_GETRES);
    }

    /**
     * int getcpu(unsigned *RDI, unsigned *RSI, void *), each may be null. Linux keeps the CPU's number in the limit of a segment
     * of each CPU's GDT, whose selector is 0x7b: the low 12 bits. It is the host's CPU: the page says whose part it plays here. There is one node.
     */
    private void getcpu() {
        Label node = new Label();
        Label done = new Label();
        a.mov(EAX, CPU_SELECTOR).lsl(EAX, EAX).jne(kernel);
        a.and(EAX, CPU_MASK).cmp(EAX, ClockPage.CPU_COUNT).jae(kernel);
        a.lea(R8, at(page)).movzxWord(EAX, at(R8, RAX, Short.BYTES, ClockPage.CPUS));
        a.test(RDI, RDI).je(node).mov(at(RDI), EAX);
        a.bind(node).xor(EAX, EAX);
        a.test(RSI, RSI).je(done).mov(at(RSI), EAX);
        a.bind(done).ret();
        askKernel(SyscallNr.GETCPU);
    }

    // ---- parts

    /**
     * RAX becomes CLOCK_MONOTONIC in ns by the {@link TimeLine} of the page's valid slot, whose address stays in RCX, with the
     * page's in R8 and its sequence in R9. LFENCE keeps the counter from being read before the slot (Intel SDM, RDTSC).
     */
    private void monotonic() {
        a.lea(R8, at(page));
        a.bind(retry).mov(R9D, at(R8));
        // An odd sequence says that the second slot is the valid one.
        a.mov(ECX, R9D).and(ECX, 1).shl(ECX, ClockPage.SLOT_SHIFT).lea(RCX, at(R8, RCX, 1, ClockPage.SLOTS));
        a.cmpDword(at(RCX, ClockPage.USABLE), (byte) 0).je(kernel);
        a.lfence().rdtsc().shl(RDX, Integer.SIZE).or(RAX, RDX);
        // What counted back counts as nothing.
        a.xor(EDX, EDX).sub(RAX, at(RCX, ClockPage.BASE_COUNTER)).cmovb(RAX, RDX);
        a.mulQword(at(RCX, ClockPage.RATE)).shrd(RAX, RDX, TimeLine.SHIFT).add(RAX, at(RCX, ClockPage.BASE_NS));
    }

    private void addRealtimeOffset() {
        a.add(RAX, at(RCX, ClockPage.REALTIME_OFFSET_NS));
    }

    private void checkSequence() {
        a.cmp(R9D, at(R8)).jne(retry);
    }

    /**
     * RAX in ns becomes seconds in RDX and the rest in R10. The division by 10^9 is one by 2^9, a shift, and one by 5^9: a
     * multiplication with 2^75 / 5^9, rounded up, and a shift by 75. That is exact for all 64-bit numbers.
     */
    private void split() {
        a.mov(R10, RAX).shr(RAX, 9);
        a.mov(RDX, 19_342_813_113_834_067L).mul(RDX).shr(RDX, 75 - Long.SIZE);
        a.imul(RAX, RDX, NS).sub(R10, RAX);
    }

    /** The arguments are where the kernel wants them. */
    private void askKernel(int number) {
        a.bind(kernel).mov(EAX, number).syscall().ret();
    }
}
