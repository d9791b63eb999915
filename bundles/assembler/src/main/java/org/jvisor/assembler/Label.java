// SPDX-License-Identifier: Apache-2.0
package org.jvisor.assembler;

import java.util.ArrayList;
import java.util.List;

/** A place in the code of one {@link Assembler}, or one that is known to it; it may be referred to before it is bound. */
public final class Label {
    private static final int UNBOUND = Integer.MIN_VALUE;

    private int address = UNBOUND;
    /** Positions of the distances that are to be filled in when it is bound. */
    private final List<Integer> distances = new ArrayList<>();

    boolean isBound() {
        return address != UNBOUND;
    }

    int address() {
        return address;
    }

    void expect(int distance) {
        distances.add(distance);
    }

    List<Integer> bind(int place) {
        if (isBound()) {
            throw new IllegalStateException("a label is bound twice");
        }
        address = place;
        return distances;
    }
}
