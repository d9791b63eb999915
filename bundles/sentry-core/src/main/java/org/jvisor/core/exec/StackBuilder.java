// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Auxv;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.mm.MemoryManager;

/**
 * Puts together what a new program finds on its stack (System V ABI, 3.4.1), from high to low addresses:
 * <pre>
 *   8 zero bytes
 *   the name the program was called by
 *   environment strings
 *   argument strings
 *   platform string, 16 random bytes
 *   auxiliary vector, environment pointers, 0, argument pointers, 0, argument count   at a multiple of 16
 * </pre>
 */
final class StackBuilder {

    private static final byte[] PLATFORM = "x86_64".getBytes(StandardCharsets.ISO_8859_1);
    private static final int RANDOM_BYTES = 16;
    private static final int END_MARK = 8;

    private final List<byte[]> arguments;
    private final List<byte[]> environment;
    private final byte[] name;
    private final List<long[]> vector = new ArrayList<>();

    StackBuilder(List<byte[]> arguments, List<byte[]> environment, byte[] name) {
        this.arguments = arguments;
        this.environment = environment;
        this.name = name;
    }

    /** Adds an entry of the auxiliary vector. */
    void auxiliary(int type, long value) {
        vector.add(new long[] {type, value});
    }

    /** An upper bound of the bytes that {@link #build} makes, once the vector is complete but for 8 entries. */
    long size() {
        return stringBytes() + PLATFORM.length + 1 + RANDOM_BYTES + 2 * 16
                + 8L * (arguments.size() + environment.size() + 3 + 2 * (vector.size() + 8));
    }

    private long stringBytes() {
        long sum = END_MARK + name.length + 1;
        for (byte[] s : arguments) {
            sum += s.length + 1;
        }
        for (byte[] s : environment) {
            sum += s.length + 1;
        }
        return sum;
    }

    /**
     * The bytes that end at {@code top}; the new stack pointer is {@code top} minus their number.
     *
     * @param layout receives where strings lie, and the vector
     */
    byte[] build(long top, byte[] random, MemoryManager.Layout layout) {
        long strings = top - stringBytes();
        long platformAddress = strings - PLATFORM.length - 1;
        long randomAddress = (platformAddress & -16) - RANDOM_BYTES;
        auxiliary(Auxv.AT_RANDOM, randomAddress);
        auxiliary(Auxv.AT_EXECFN, top - END_MARK - name.length - 1);
        auxiliary(Auxv.AT_PLATFORM, platformAddress);
        auxiliary(Auxv.AT_NULL, 0);
        long words = 1 + arguments.size() + 1 + environment.size() + 1 + 2L * vector.size();
        long pointer = randomAddress - 8 * words & -16;

        byte[] stack = new byte[(int) (top - pointer)];
        System.arraycopy(random, 0, stack, (int) (randomAddress - pointer), RANDOM_BYTES);
        System.arraycopy(PLATFORM, 0, stack, (int) (platformAddress - pointer), PLATFORM.length);
        int at = 0;
        Bytes.putLong(stack, at, arguments.size());
        at += 8;
        layout.argStart = strings;
        long string = strings;
        for (byte[] s : arguments) {
            string = putString(stack, at, pointer, string, s);
            at += 8;
        }
        at += 8;
        layout.argEnd = string;
        layout.envStart = string;
        for (byte[] s : environment) {
            string = putString(stack, at, pointer, string, s);
            at += 8;
        }
        at += 8;
        layout.envEnd = string;
        System.arraycopy(name, 0, stack, (int) (string - pointer), name.length);
        layout.auxv = putVector(stack, at);
        layout.startStack = pointer;
        return stack;
    }

    /** Stores a string and the pointer to it; the address of the next string. */
    private static long putString(byte[] stack, int at, long pointer, long address, byte[] string) {
        Bytes.putLong(stack, at, address);
        System.arraycopy(string, 0, stack, (int) (address - pointer), string.length);
        return address + string.length + 1;
    }

    private byte[] putVector(byte[] stack, int at) {
        byte[] copy = new byte[16 * vector.size()];
        for (int i = 0; i < vector.size(); i++) {
            Bytes.putLong(copy, 16 * i, vector.get(i)[0]);
            Bytes.putLong(copy, 16 * i + 8, vector.get(i)[1]);
        }
        System.arraycopy(copy, 0, stack, at, copy.length);
        return copy;
    }
}
