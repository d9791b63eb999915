// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.syscall;

/** The number and the six arguments of the system call that a task makes; one object a task, filled anew for each call. */
public final class Arguments {

    public int number;
    public long a0;
    public long a1;
    public long a2;
    public long a3;
    public long a4;
    public long a5;

    /** The arguments as C's int: the upper half of the register is not the kernel's to look at. */
    public int int0() {
        return (int) a0;
    }

    public int int1() {
        return (int) a1;
    }

    public int int2() {
        return (int) a2;
    }

    public int int3() {
        return (int) a3;
    }

    public int int4() {
        return (int) a4;
    }

    public int int5() {
        return (int) a5;
    }
}
