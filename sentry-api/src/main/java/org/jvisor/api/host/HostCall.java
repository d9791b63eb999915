// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A system call of the host that a sealed process may make: a line of the list that its seccomp(2) filter is made of. Of several
 * lines about one number any one that fits will do. A call that no line fits ends the process.
 *
 * @param number SyscallNr.*
 * @param conditions all of them must hold; none: with any arguments
 * @param errno 0: the call is carried out; else it is not and fails with this, when no other line about the number fits (without
 *     conditions then)
 */
public record HostCall(int number, List<Condition> conditions, int errno) {
    private static final long INT = 0xffff_ffffL;

    /**
     * An argument that must have one of a few values once masked.
     *
     * @param argument 0 to 5
     * @param mask the bits that are looked at
     * @param values that differ in their lower halves only
     */
    public record Condition(int argument, long mask, List<Long> values) {
        public Condition {
            if (argument < 0 || argument > 5 || values.isEmpty() || values.stream().anyMatch(v -> (v & ~mask) != 0)
                    || values.stream().map(v -> v >>> 32).distinct().count() > 1) {
                throw new IllegalArgumentException("argument " + argument + ", mask " + mask + ", values " + values);
            }
            values = List.copyOf(values);
        }
    }

    public HostCall {
        conditions = List.copyOf(conditions);
        if (errno != 0 && !conditions.isEmpty()) {
            throw new IllegalArgumentException("a refusal is for whatever no other line fits");
        }
    }

    /** With any arguments. */
    public static HostCall of(int number) {
        return new HostCall(number, List.of(), 0);
    }

    /** Several, with any arguments. */
    public static List<HostCall> listOf(int... numbers) {
        return Arrays.stream(numbers).mapToObj(HostCall::of).toList();
    }

    /** Calls that somebody makes and can do without. */
    public static List<HostCall> refused(int errno, int... numbers) {
        return Arrays.stream(numbers).mapToObj(number -> new HostCall(number, List.of(), errno)).toList();
    }

    /** Only with one of these as an argument of 32 bits, whose upper half the kernel does not look at. */
    public HostCall with(int argument, long... values) {
        return and(new Condition(argument, INT, Arrays.stream(values).mapToObj(v -> v & INT).toList()));
    }

    /** Only with one of these as an argument of 64 bits. */
    public HostCall withLong(int argument, long... values) {
        return and(new Condition(argument, -1, Arrays.stream(values).boxed().toList()));
    }

    /** Only when these bits of an argument, of its lower half, are as in {@code value}. */
    public HostCall withBits(int argument, long mask, long value) {
        return and(new Condition(argument, mask & INT, List.of(value)));
    }

    private HostCall and(Condition condition) {
        List<Condition> all = new ArrayList<>(conditions);
        all.add(condition);
        return new HostCall(number, all, errno);
    }

    /** One list of several. */
    @SafeVarargs
    public static List<HostCall> all(List<HostCall>... lists) {
        List<HostCall> all = new ArrayList<>();
        for (List<HostCall> list : lists) {
            all.addAll(list);
        }
        return all;
    }
}
