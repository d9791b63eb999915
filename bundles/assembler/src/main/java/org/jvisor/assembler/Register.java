// SPDX-License-Identifier: Apache-2.0
package org.jvisor.assembler;

/** A general register, whole or its lower half; what is written to a half clears the other one. */
public enum Register {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
    EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, R8D, R9D, R10D, R11D, R12D, R13D, R14D, R15D;

    private static final int COUNT = 16;

    /** The number by which instructions know it, of four bits. */
    int number() {
        return ordinal() % COUNT;
    }

    /** Whether it is a whole register, of 64 bits. */
    boolean isWide() {
        return ordinal() < COUNT;
    }
}
