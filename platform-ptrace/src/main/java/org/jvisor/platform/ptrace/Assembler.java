// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The few x86-64 instructions that the stub is made of; encodings from Intel's manual, volume 2. Operands are 32 bits wide. */
final class Assembler {
    static final int EAX = 0;
    static final int EDX = 2;
    static final int ESI = 6;
    static final int EDI = 7;
    static final int R12D = 12;

    /** A place in the code, which may be jumped to before it is known. */
    static final class Label {
        private int position = -1;
        /** Where the distances of jumps to it stand. */
        private final List<Integer> jumps = new ArrayList<>();
    }

    private byte[] code = new byte[256];
    private int position;

    int position() {
        return position;
    }

    byte[] code() {
        return Arrays.copyOf(code, position);
    }

    /** {@code mov register, value}: clears the register's upper half. */
    Assembler move(int register, int value) {
        if (register >= 8) {
            emit(0x41);
        }
        return emit(0xb8 + (register & 7)).value(value);
    }

    Assembler syscall() {
        return emit(0x0f).emit(0x05);
    }

    /** {@code int3} */
    Assembler breakpoint() {
        return emit(0xcc);
    }

    /** {@code test eax, eax} */
    Assembler testEax() {
        return emit(0x85).emit(0xc0);
    }

    /** {@code mov [address], eax}, for an address below 2 GiB */
    Assembler storeEax(int address) {
        return emit(0x89).emit(0x04).emit(0x25).value(address);
    }

    /** {@code cmp eax, r12d} */
    Assembler compareEaxR12d() {
        return emit(0x44).emit(0x39).emit(0xe0);
    }

    /** {@code jz label}, also known as je */
    Assembler jumpIfZero(Label label) {
        return jump(0x74, label);
    }

    /** {@code jnz label}, also known as jne */
    Assembler jumpIfNotZero(Label label) {
        return jump(0x75, label);
    }

    Assembler jump(Label label) {
        return jump(0xeb, label);
    }

    Assembler bind(Label label) {
        label.position = position;
        for (int jump : label.jumps) {
            patch(jump, position);
        }
        return this;
    }

    Assembler bytes(byte[] bytes) {
        for (byte octet : bytes) {
            emit(octet);
        }
        return this;
    }

    Assembler align(int alignment) {
        while (position % alignment != 0) {
            emit(0);
        }
        return this;
    }

    private Assembler jump(int opcode, Label label) {
        emit(opcode).emit(0);
        if (label.position < 0) {
            label.jumps.add(position - 1);
        } else {
            patch(position - 1, label.position);
        }
        return this;
    }

    private void patch(int at, int target) {
        int distance = target - (at + 1);
        if (distance != (byte) distance) {
            throw new IllegalStateException("a short jump over " + distance + " bytes");
        }
        code[at] = (byte) distance;
    }

    private Assembler value(int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            emit(value >> shift);
        }
        return this;
    }

    private Assembler emit(int octet) {
        if (position == code.length) {
            code = Arrays.copyOf(code, 2 * position);
        }
        code[position++] = (byte) octet;
        return this;
    }
}
