// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.host.RandomBytes;

/**
 * Hashes of names: a polynomial over a multiplier that is drawn anew for each tree, so that a hostile application cannot choose
 * names that collide.
 */
final class NameHash {


    private static final int UPPER_HALF = 32;

    private final long multiplier;

    NameHash(RandomBytes random) {
        multiplier = random.bits(Long.SIZE) | 0x1000_0001L;
    }

    long step(long state, byte b) {
        return state * multiplier + b + 1;
    }

    /** The low bits of a polynomial depend on the low bits of its terms alone; the high ones on all. */
    int finish(long state) {
        return (int) (state * multiplier >>> UPPER_HALF);
    }

    int of(byte[] name, int offset, int length) {
        long state = 0;
        for (int i = offset; i < offset + length; i++) {
            state = step(state, name[i]);
        }
        return finish(state);
    }
}
