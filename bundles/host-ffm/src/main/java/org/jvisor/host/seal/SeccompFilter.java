// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.seal;

import static org.jvisor.api.abi.Seccomp.BPF_ABS;
import static org.jvisor.api.abi.Seccomp.BPF_ALU;
import static org.jvisor.api.abi.Seccomp.BPF_AND;
import static org.jvisor.api.abi.Seccomp.BPF_JA;
import static org.jvisor.api.abi.Seccomp.BPF_JEQ;
import static org.jvisor.api.abi.Seccomp.BPF_JGE;
import static org.jvisor.api.abi.Seccomp.BPF_JMP;
import static org.jvisor.api.abi.Seccomp.BPF_K;
import static org.jvisor.api.abi.Seccomp.BPF_LD;
import static org.jvisor.api.abi.Seccomp.BPF_RET;
import static org.jvisor.api.abi.Seccomp.BPF_W;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Seccomp;
import org.jvisor.api.abi.SeccompDataLayout;
import org.jvisor.api.abi.SockFilterLayout;
import org.jvisor.api.abi.SockFprogLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostKernel;

/**
 * Puts a list of system calls on all threads of this process. A call that no line of the list fits ends the process.
 *
 * <pre>
 *   arch other than x86-64, or an x32 number: kill
 *   by halving, the one number of the list that it can be
 *     with conditions: for each line, in the order of the list, if all conditions hold: allow
 *                      no line: kill, or the errno that the list has for this
 *     without: allow, or the errno
 *   another number: kill
 * </pre>
 *
 * Numbers are found by halving because every ptrace(2) call of a platform goes this way, a few for each call of a program. Of
 * those without conditions the kernel remembers that the filter is not to be asked.
 */
public final class SeccompFilter {
    /** Numbers with this bit are the x32 ABI's. */
    private static final int X32 = 0x4000_0000;
    private static final int LOAD = BPF_LD | BPF_W | BPF_ABS;
    private static final int AND = BPF_ALU | BPF_AND | BPF_K;
    private static final int EQUAL = BPF_JMP | BPF_JEQ | BPF_K;
    private static final int AT_LEAST = BPF_JMP | BPF_JGE | BPF_K;
    private static final int ALWAYS = BPF_JMP | BPF_JA;
    private static final int RETURN = BPF_RET | BPF_K;
    private static final int FARTHEST = 255;

    private record Instruction(int code, int ifTrue, int ifFalse, int operand) {}

    private SeccompFilter() {
    }

    /**
     * Installs the filter on all threads; needs no_new_privs.
     *
     * @throws ErrnoException what seccomp(2) fails with; EBUSY when a thread has a filter of its own
     */
    public static void install(HostKernel host, List<HostCall> calls) {
        byte[] program = program(calls);
        long at = host.allocate(program.length + (long) SockFprogLayout.SIZE);
        try {
            long header = at + program.length;
            host.copyOut(program, 0, program.length, at);
            host.putShort(header + SockFprogLayout.LEN, (short) (program.length / SockFilterLayout.SIZE));
            host.putLong(header + SockFprogLayout.FILTER, at);
            long result = host.syscall(SyscallNr.SECCOMP, Seccomp.SECCOMP_SET_MODE_FILTER, Seccomp.SECCOMP_FILTER_FLAG_TSYNC, header);
            ErrnoException.check(result);
            if (result > 0) {
                throw ErrnoException.of(Errno.EBUSY);
            }
        } finally {
            host.free(at);
        }
    }

    /** The filter as an array of struct sock_filter. */
    public static byte[] program(List<HostCall> calls) {
        SortedMap<Integer, List<HostCall>> byNumber = new TreeMap<>();
        calls.forEach(call -> byNumber.computeIfAbsent(call.number(), number -> new ArrayList<>()).add(call));
        List<Instruction> program = new ArrayList<>();
        put(program, LOAD, 0, 0, SeccompDataLayout.ARCH);
        put(program, EQUAL, 1, 0, Seccomp.AUDIT_ARCH_X86_64);
        put(program, RETURN, 0, 0, Seccomp.SECCOMP_RET_KILL_PROCESS);
        put(program, LOAD, 0, 0, SeccompDataLayout.NR);
        put(program, AT_LEAST, 0, 1, X32);
        put(program, RETURN, 0, 0, Seccomp.SECCOMP_RET_KILL_PROCESS);
        program.addAll(halve(List.copyOf(byNumber.entrySet())));
        return bytes(program);
    }

    /** Ends in a return, whatever the number is. */
    private static List<Instruction> halve(List<Map.Entry<Integer, List<HostCall>>> numbers) {
        List<Instruction> program = new ArrayList<>();
        if (numbers.size() > 1) {
            int middle = numbers.size() / 2;
            List<Instruction> lower = halve(numbers.subList(0, middle));
            put(program, AT_LEAST, 0, 1, numbers.get(middle).getKey());
            // Conditional jumps go no farther than a byte tells.
            put(program, ALWAYS, 0, 0, lower.size());
            program.addAll(lower);
            program.addAll(halve(numbers.subList(middle, numbers.size())));
            return program;
        }
        numbers.forEach(entry -> {
            List<Instruction> body = body(entry.getValue());
            put(program, EQUAL, 0, body.size(), entry.getKey());
            program.addAll(body);
        });
        put(program, RETURN, 0, 0, Seccomp.SECCOMP_RET_KILL_PROCESS);
        return program;
    }

    /** What is done with a number that has these lines; ends in a return. */
    private static List<Instruction> body(List<HostCall> lines) {
        List<Instruction> body = new ArrayList<>();
        if (isConditional(lines)) {
            lines.forEach(line -> line(body, line));
            put(body, RETURN, 0, 0, rest(lines));
        } else {
            boolean allowed = lines.stream().anyMatch(line -> line.errno() == 0);
            put(body, RETURN, 0, 0, allowed ? Seccomp.SECCOMP_RET_ALLOW : rest(lines));
        }
        return body;
    }

    /** Whether arguments matter: not when one line takes any. */
    private static boolean isConditional(List<HostCall> lines) {
        return lines.stream().anyMatch(line -> !line.conditions().isEmpty())
            && lines.stream().noneMatch(line -> line.errno() == 0 && line.conditions().isEmpty());
    }

    /** What becomes of calls that no line allows. */
    private static int rest(List<HostCall> lines) {
        return lines.stream().filter(line -> line.errno() != 0).map(line -> Seccomp.SECCOMP_RET_ERRNO | line.errno()).findFirst()
            .orElse(Seccomp.SECCOMP_RET_KILL_PROCESS);
    }

    /** Allows if all conditions hold, and goes on behind itself if not. */
    private static void line(List<Instruction> body, HostCall line) {
        if (line.errno() != 0) {
            return;
        }
        // From the last condition to the first: each must know how far it is to the end.
        List<Instruction> tail = List.of(new Instruction(RETURN, 0, 0, Seccomp.SECCOMP_RET_ALLOW));
        for (HostCall.Condition condition : line.conditions().reversed()) {
            tail = condition(condition, tail);
        }
        body.addAll(tail);
    }

    private static List<Instruction> condition(HostCall.Condition condition, List<Instruction> tail) {
        int offset = SeccompDataLayout.ARGS + Long.BYTES * condition.argument();
        List<Instruction> low = new ArrayList<>();
        load(low, offset, (int) condition.mask());
        int left = condition.values().size();
        for (long value : condition.values()) {
            // To the tail, over the comparisons that are left; the last one skips the tail if it fails.
            left--;
            put(low, EQUAL, left, left == 0 ? tail.size() : 0, (int) value);
        }
        low.addAll(tail);
        if (condition.mask() >>> 32 == 0) {
            return low;
        }
        List<Instruction> all = new ArrayList<>();
        load(all, offset + Integer.BYTES, (int) (condition.mask() >>> 32));
        put(all, EQUAL, 0, low.size(), (int) (condition.values().getFirst() >>> 32));
        all.addAll(low);
        return all;
    }

    private static void load(List<Instruction> program, int offset, int mask) {
        put(program, LOAD, 0, 0, offset);
        if (mask != -1) {
            put(program, AND, 0, 0, mask);
        }
    }

    private static void put(List<Instruction> program, int code, int ifTrue, int ifFalse, int operand) {
        if (ifTrue > FARTHEST || ifFalse > FARTHEST) {
            throw new IllegalArgumentException("a jump that is too far: fewer values, or fewer lines for one number");
        }
        program.add(new Instruction(code, ifTrue, ifFalse, operand));
    }

    private static byte[] bytes(List<Instruction> program) {
        byte[] bytes = new byte[program.size() * SockFilterLayout.SIZE];
        int at = 0;
        for (Instruction instruction : program) {
            SockFilterLayout.code(bytes, at, instruction.code);
            SockFilterLayout.jt(bytes, at, instruction.ifTrue);
            SockFilterLayout.jf(bytes, at, instruction.ifFalse);
            SockFilterLayout.k(bytes, at, instruction.operand);
            at += SockFilterLayout.SIZE;
        }
        return bytes;
    }
}
