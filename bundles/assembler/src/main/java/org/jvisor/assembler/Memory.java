// SPDX-License-Identifier: Apache-2.0
package org.jvisor.assembler;

/**
 * An operand in memory.
 *
 * @param base null: none, or the next instruction's address where there is a label
 * @param index null for none; RSP cannot be one
 * @param scale by which the index is multiplied: 1, 2, 4 or 8
 * @param label null for none
 */
public record Memory(Register base, Register index, int scale, int displacement, Label label) {

    public Memory {
        if (index != null && (index.number() == Register.RSP.number() || Integer.bitCount(scale) != 1 || scale > 8)) {
            throw new IllegalArgumentException("no index: " + index + " * " + scale);
        }
        if (base != null && !base.isWide() || index != null && !index.isWide()) {
            throw new IllegalArgumentException("addresses have 64 bits");
        }
    }

    /** {@code [base]} */
    public static Memory at(Register base) {
        return at(base, 0);
    }

    /** {@code [base + displacement]} */
    public static Memory at(Register base, int displacement) {
        return new Memory(base, null, 1, displacement, null);
    }

    /** {@code [base + index * scale + displacement]} */
    public static Memory at(Register base, Register index, int scale, int displacement) {
        return new Memory(base, index, scale, displacement, null);
    }

    /** {@code [rip + distance to label]} */
    public static Memory at(Label label) {
        return new Memory(null, null, 1, 0, label);
    }

    /** {@code [address]}, of the lowest or the highest 2 GiB */
    public static Memory at(int address) {
        return new Memory(null, null, 1, address, null);
    }
}
