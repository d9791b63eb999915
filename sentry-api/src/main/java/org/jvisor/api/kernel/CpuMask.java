// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** Sets of up to 64 CPUs in the kernel's two notations. */
public final class CpuMask {
    private static final int WORD_BITS = 32;
    private static final int DIGIT_BITS = 4;

    private CpuMask() {
    }

    /** As words of hexadecimal digits, as many as {@code cpus} bits need, like "3" or "ffff,ffffffff". */
    public static String hex(long mask, int cpus) {
        StringBuilder b = new StringBuilder();
        int words = (cpus + WORD_BITS - 1) / WORD_BITS;
        for (int word = words - 1; word >= 0; word--) {
            int bits = Math.min(WORD_BITS, cpus - word * WORD_BITS);
            int digits = (bits + DIGIT_BITS - 1) / DIGIT_BITS;
            String hex = Long.toHexString(mask >>> word * WORD_BITS & 0xffff_ffffL);
            b.append("0".repeat(Math.max(0, digits - hex.length()))).append(hex);
            if (word > 0) {
                b.append(',');
            }
        }
        return b.toString();
    }

    /** As ranges, like "0-1,3". */
    public static String list(long mask) {
        StringBuilder b = new StringBuilder();
        int cpu = 0;
        while (cpu < Long.SIZE) {
            if ((mask >>> cpu & 1) == 0) {
                cpu++;
                continue;
            }
            int last = cpu;
            while (last + 1 < Long.SIZE && (mask >>> last + 1 & 1) != 0) {
                last++;
            }
            b.append(b.isEmpty() ? "" : ",").append(cpu);
            if (last > cpu) {
                b.append('-').append(last);
            }
            cpu = last + 1;
        }
        return b.toString();
    }

    /** All of {@code cpus}. */
    public static long all(int cpus) {
        return cpus >= Long.SIZE ? -1 : (1L << cpus) - 1;
    }
}
