// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Arrays;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.state.StateRecord;

/**
 * Keeps tracer and tracee on the same CPU, where handing over between the two costs a fifth of what it costs across CPUs.
 */
final class Cpus {
    private static final int MASK_BYTES = 1024;

    private final HostKernel host;
    private final int[] allowed;
    /** A mask for each of the allowed CPUs, and then one for all of them. */
    private final long masks;
    private final int maskBytes;

    Cpus(HostKernel host) {
        this.host = host;
        long mask = host.allocate(MASK_BYTES);
        try {
            maskBytes = (int) ErrnoException.check(host.syscall(SyscallNr.SCHED_GETAFFINITY, 0, MASK_BYTES, mask));
            allowed = bitsOf(mask);
        } finally {
            host.free(mask);
        }
        masks = masks();
    }

    Cpus(HostKernel host, StateRecord record) {
        this.host = host;
        long[] saved = record.getLongs("cpus");
        maskBytes = record.requireInt("cpu-mask-bytes");
        if (saved == null || saved.length == 0 || saved[saved.length - 1] >= (long) maskBytes * Byte.SIZE) {
            throw record.refuse("cpus", "none, or one that does not exist");
        }
        allowed = Arrays.stream(saved).mapToInt(cpu -> (int) cpu).toArray();
        masks = masks();
    }

    /** The host may not be asked again: the caller's own CPUs could be fewer by now. */
    void save(StateRecord record) {
        record.put("cpus", Arrays.stream(allowed).asLongStream().toArray()).put("cpu-mask-bytes", maskBytes);
    }

    void free() {
        host.free(masks);
    }

    private long masks() {
        long start = host.allocate((long) maskBytes * (allowed.length + 1));
        for (int i = 0; i < allowed.length; i++) {
            add(allowed[i], start + (long) maskBytes * i);
            add(allowed[i], start + (long) maskBytes * allowed.length);
        }
        return start;
    }

    private void add(int cpu, long mask) {
        long octet = mask + cpu / Byte.SIZE;
        host.putByte(octet, (byte) (host.getByte(octet) | 1 << cpu % Byte.SIZE));
    }

    private int[] bitsOf(long mask) {
        int[] found = new int[maskBytes * Byte.SIZE];
        int count = 0;
        for (int cpu = 0; cpu < found.length; cpu++) {
            if ((host.getByte(mask + cpu / Byte.SIZE) >> cpu % Byte.SIZE & 1) != 0) {
                found[count++] = cpu;
            }
        }
        return Arrays.copyOf(found, count);
    }

    int count() {
        return allowed.length;
    }

    /** Puts a thread on one of the CPUs, counted from 0; thread 0 is the calling one. A refusal only costs time. */
    void pin(int thread, int cpu) {
        host.syscall(SyscallNr.SCHED_SETAFFINITY, thread, maskBytes, mask(cpu));
    }

    /** Lets a thread run wherever the host wants it to. */
    void unpin(int thread) {
        host.syscall(SyscallNr.SCHED_SETAFFINITY, thread, maskBytes, mask(allowed.length));
    }

    /** The CPU of the calling thread, which the host has chosen with an eye on all that runs there. */
    int current() {
        long number = host.allocate(Integer.BYTES);
        try {
            return current(number);
        } finally {
            host.free(number);
        }
    }

    /** @param scratch the address of four bytes */
    int current(long scratch) {
        host.syscall(SyscallNr.GETCPU, scratch, 0, 0);
        int index = Arrays.binarySearch(allowed, host.getInt(scratch));
        return Math.max(index, 0);
    }

    private long mask(int cpu) {
        return masks + (long) maskBytes * cpu;
    }
}
