// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.kernel.Call;

/**
 * For tests: has the waits of calls, and their looks whether to go on, come out as for the replacement of their handler, although
 * none is replaced, so that what a call shows of that is found without luck. One a task, used by its thread; off there is none.
 */
public final class BeginAgain {

    /**
     * The system property that switches it on: {@code once}, {@code twice} (each wait comes out so often before it goes on) or
     * {@code random}, with a seed behind a colon.
     */
    public static final String PROPERTY = "org.jvisor.calls.again";

    private static final int MOST_AT_RANDOM = 3;

    /** How often a wait comes out; 0: at random. */
    private final int times;
    private final Call call;
    private long random;
    /** How often the wait that the call is at may still do so. */
    private int left;

    private BeginAgain(int times, long seed, Call call) {
        this.times = times;
        this.random = seed;
        this.call = call;
    }

    /** @param mode what the property says; null: off, as it is but for tests, and null is returned */
    static BeginAgain of(String mode, int tid, Call call) {
        if (mode == null) {
            return null;
        }
        String[] words = mode.split(":", 2);
        long seed = words.length == 1 ? 0 : Long.parseLong(words[1]);
        return switch (words[0]) {
            case "once" -> new BeginAgain(1, seed, call);
            case "twice" -> new BeginAgain(2, seed, call);
            case "random" -> new BeginAgain(0, seed * 0x9e3779b97f4a7c15L + tid, call);
            default -> throw new IllegalArgumentException(PROPERTY + "=" + mode);
        };
    }

    /** Whether the wait that the task comes to is to come out at once. */
    boolean isDue() {
        if (call.runs() == 0) {
            left = times == 0 ? MOST_AT_RANDOM : times;
        }
        boolean due = left > 0 && (times > 0 || next() < 0);
        left = due ? left - 1 : times == 0 ? MOST_AT_RANDOM : times;
        return due;
    }

    /** Knuth's generator: a step, of which the upper bits are good. */
    private long next() {
        random = random * 6364136223846793005L + 1442695040888963407L;
        return random;
    }
}
