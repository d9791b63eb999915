// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.security.SecureRandom;

/**
 * Hashes of names: a polynomial over a multiplier that is drawn anew at each start, so that a hostile application cannot choose
 * names that collide.
 */
final class NameHash {

    static final long MULTIPLIER = new SecureRandom().nextLong() | 0x1000_0001L;

    private static final int UPPER_HALF = 32;

    static long step(long state, byte b) {
        return state * MULTIPLIER + b + 1;
    }

    /** The low bits of a polynomial depend on the low bits of its terms alone; the high ones on all. */
    static int finish(long state) {
        return (int) (state * MULTIPLIER >>> UPPER_HALF);
    }

    static int of(byte[] name, int offset, int length) {
        long state = 0;
        for (int i = offset; i < offset + length; i++) {
            state = step(state, name[i]);
        }
        return finish(state);
    }

    private NameHash() {
    }
}
