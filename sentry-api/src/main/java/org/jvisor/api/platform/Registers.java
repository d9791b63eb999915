// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.platform;

/**
 * The registers of an x86-64 application, in the order of struct user_regs_struct (sys/user.h), so that a platform can move
 * them as a block. Owned by the task's thread. Whoever writes through the methods leaves the modification marks right.
 */
public final class Registers {

    public static final int R15 = 0;
    public static final int R14 = 1;
    public static final int R13 = 2;
    public static final int R12 = 3;
    public static final int RBP = 4;
    public static final int RBX = 5;
    public static final int R11 = 6;
    public static final int R10 = 7;
    public static final int R9 = 8;
    public static final int R8 = 9;
    public static final int RAX = 10;
    public static final int RCX = 11;
    public static final int RDX = 12;
    public static final int RSI = 13;
    public static final int RDI = 14;
    public static final int ORIG_RAX = 15;
    public static final int RIP = 16;
    public static final int CS = 17;
    public static final int EFLAGS = 18;
    public static final int RSP = 19;
    public static final int SS = 20;
    public static final int FS_BASE = 21;
    public static final int GS_BASE = 22;
    public static final int DS = 23;
    public static final int ES = 24;
    public static final int FS = 25;
    public static final int GS = 26;
    public static final int COUNT = 27;

    /** No register differs from what the platform last stored. */
    public static final int CLEAN = 0;
    /** Only RAX does. */
    public static final int RESULT = 1;
    /** Any may. */
    public static final int ALL = 2;

    // How much of the application's registers stands here; each more than the one before.
    /** Nothing that can be relied on. */
    public static final int FILLED_NONE = 0;
    /** What a system call needs: ORIG_RAX, RAX, the six arguments, RIP and RSP. */
    public static final int FILLED_CALL = 1;
    /** All but the extended state. */
    public static final int FILLED_ALL = 2;

    /** The values. A platform that stores here leaves {@link #modified} {@link #CLEAN}. */
    public final long[] values = new long[COUNT];
    public int modified = ALL;
    /**
     * How much {@link Context#run} has filled in; {@link Context#fill} completes it. Only RAX may be written before all is filled in.
     */
    public int filled = FILLED_ALL;

    /** Extended state in XSAVE format, valid after {@link Context#saveExtended} or when marked; null: the initial state. */
    public byte[] extended;
    public boolean extendedModified;

    public long get(int register) {
        return values[register];
    }

    public void set(int register, long value) {
        values[register] = value;
        modified = ALL;
    }

    /** The result of a system call. */
    public void setResult(long value) {
        values[RAX] = value;
        modified |= RESULT;
    }

    public void copyFrom(Registers other) {
        System.arraycopy(other.values, 0, values, 0, COUNT);
        modified = ALL;
        filled = other.filled;
        extended = other.extended == null ? null : other.extended.clone();
        extendedModified = true;
    }
}
