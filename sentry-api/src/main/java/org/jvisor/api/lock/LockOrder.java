// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import java.lang.System.Logger.Level;
import java.util.Arrays;

/**
 * Checks how locks are taken, in the tests: system property {@value #PROPERTY} is {@code throw}, or {@code halt} for a sandbox, which
 * ends then. Otherwise none of it is compiled in.
 *
 * <ul>
 * <li>A thread takes locks in the order of {@link LockRank}, of each rank one at a time, or several where the rank says so.
 * <li>With a {@link Mutex} held it takes no {@link KillableLock} and comes to no {@link #mayWait}.
 * <li>It holds nothing where {@link #holdsNothing} stands, and little where {@link #holdsOnlyBefore} does.
 * </ul>
 */
public final class LockOrder {

    public static final String PROPERTY = "org.jvisor.locks";

    /** Whether locks are checked: a constant for the compiler. */
    public static final boolean CHECKED = System.getProperty(PROPERTY) != null;

    /** Exit status of a sandbox whose locks were taken out of order. */
    private static final int STATUS = 97;

    private static final ThreadLocal<Held> HELD = CHECKED ? ThreadLocal.withInitial(Held::new) : null;

    /** What a thread holds, in the order of taking. */
    private static final class Held {
        OwnedLock[] locks = new OwnedLock[8];
        int count;

        /** Beside {@code own}. */
        boolean hasMutex(Mutex own) {
            for (int i = 0; i < count; i++) {
                if (locks[i] instanceof Mutex && locks[i] != own) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < count; i++) {
                text.append(i == 0 ? "" : ", ").append(locks[i].rank);
            }
            return text.toString();
        }
    }

    private LockOrder() {}

    /**
     * Here application memory may be touched, and so a page fault be served; or the thread may sleep, or wait for another process or
     * for the host. Called on each such way, whether it waits this time or not.
     *
     * @param what for the message
     */
    public static void mayWait(String what) {
        if (CHECKED) {
            Held held = HELD.get();
            if (held.count > 0 && held.hasMutex(null)) {
                fail(what + " with " + held + " held");
            }
        }
    }

    /** A thread waits for a condition, and gives {@code lock} back for that, which it has to have taken once. */
    static void awaits(Mutex lock) {
        if (CHECKED) {
            Held held = HELD.get();
            if (held.hasMutex(lock) || lock.isTakenAgain()) {
                fail("a condition of " + lock.rank + " with " + held + " held");
            }
        }
    }

    /** Here a thread is done with what it did, and has given all locks back. */
    public static void holdsNothing(String where) {
        if (CHECKED && HELD.get().count > 0) {
            fail(HELD.get() + " held " + where);
        }
    }

    /** Here a thread waits for others that may need any lock from this rank on: it has none of those. */
    public static void holdsOnlyBefore(LockRank rank, String where) {
        if (CHECKED) {
            Held held = HELD.get();
            for (int i = 0; i < held.count; i++) {
                if (held.locks[i].rank.compareTo(rank) >= 0) {
                    fail(held + " held " + where);
                }
            }
        }
    }

    /** {@code lock} is about to be taken, and the thread may have to wait for that. */
    static void check(OwnedLock lock) {
        Held held = HELD.get();
        for (int i = 0; i < held.count; i++) {
            LockRank other = held.locks[i].rank;
            if (other.compareTo(lock.rank) > 0 || other == lock.rank && !other.several()) {
                fail(lock.rank + " taken with " + held + " held");
            }
        }
        if (lock instanceof KillableLock && held.hasMutex(null)) {
            fail(lock.rank + ", which may be held for long, taken with " + held + " held");
        }
    }

    static void taken(OwnedLock lock) {
        Held held = HELD.get();
        if (held.count == held.locks.length) {
            held.locks = Arrays.copyOf(held.locks, 2 * held.count);
        }
        held.locks[held.count++] = lock;
    }

    static void released(OwnedLock lock) {
        Held held = HELD.get();
        int at = held.count - 1;
        while (held.locks[at] != lock) {
            at--;
        }
        System.arraycopy(held.locks, at + 1, held.locks, at, held.count - at - 1);
        held.locks[--held.count] = null;
    }

    private static void fail(String what) {
        AssertionError error = new AssertionError("order of locks: " + what);
        if ("halt".equals(System.getProperty(PROPERTY))) {
            System.getLogger("org.jvisor.lock").log(Level.ERROR, "the sandbox ends", error);
            error.printStackTrace();
            Runtime.getRuntime().halt(STATUS);
        }
        throw error;
    }
}
