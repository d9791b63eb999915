// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How long a task has run application code and Sentry code. Written by the task's thread, read by any: a reader may be a switch
 * behind. What the host's scheduler takes away in between counts as used, since nobody tells us.
 */
final class CpuTimes {

    private static final int ASLEEP = 0;
    private static final int USER = 1;
    private static final int SYSTEM = 2;

    private static final VarHandle USER_NS;
    private static final VarHandle SYSTEM_NS;
    private static final VarHandle SINCE;
    private static final VarHandle PLACE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            USER_NS = lookup.findVarHandle(CpuTimes.class, "userNs", long.class);
            SYSTEM_NS = lookup.findVarHandle(CpuTimes.class, "systemNs", long.class);
            SINCE = lookup.findVarHandle(CpuTimes.class, "since", long.class);
            PLACE = lookup.findVarHandle(CpuTimes.class, "place", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long userNs;
    private long systemNs;
    private long since;
    private int place;

    void start() {
        SINCE.setOpaque(this, System.nanoTime());
        PLACE.setOpaque(this, SYSTEM);
    }

    void enterUser() {
        long now = System.nanoTime();
        SYSTEM_NS.setOpaque(this, systemNs + now - since);
        SINCE.setOpaque(this, now);
        PLACE.setOpaque(this, USER);
    }

    void leaveUser() {
        long now = System.nanoTime();
        USER_NS.setOpaque(this, userNs + now - since);
        SINCE.setOpaque(this, now);
        PLACE.setOpaque(this, SYSTEM);
    }

    void fallAsleep() {
        SYSTEM_NS.setOpaque(this, systemNs + System.nanoTime() - since);
        PLACE.setOpaque(this, ASLEEP);
    }

    void wakeUp() {
        SINCE.setOpaque(this, System.nanoTime());
        PLACE.setOpaque(this, SYSTEM);
    }

    long userNs() {
        return (long) USER_NS.getOpaque(this) + running(USER);
    }

    long systemNs() {
        return (long) SYSTEM_NS.getOpaque(this) + running(SYSTEM);
    }

    private long running(int where) {
        if ((int) PLACE.getOpaque(this) != where) {
            return 0;
        }
        return Math.max(0, System.nanoTime() - (long) SINCE.getOpaque(this));
    }
}
