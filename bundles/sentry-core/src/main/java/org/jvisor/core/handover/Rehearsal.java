// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.StateException;

/** Hands objects over that no kernel has: for trying a driver without one. */
public final class Rehearsal {

    private Rehearsal() {
    }

    /**
     * Lets {@code after} take over {@code objects} and what they refer to.
     *
     * @return the successors, in the same order; objects that are not {@code before}'s stay what they are
     * @throws StateException as {@link HandoverService#replace}
     */
    public static List<Object> handOver(Driver before, Driver after, Object... objects) {
        List<Slot> slots = new ArrayList<>();
        for (Object object : objects) {
            slots.add(new Slot(slots.size(), object));
        }
        new HandoverService(new NoRest(), List.of(visitor -> slots.forEach(visitor)), line -> {
            throw new StateException(line);
        }).replace(before, after);
        return slots.stream().map(slot -> slot.object).toList();
    }

    /** There are no tasks to keep out. */
    private static final class NoRest implements Rest {

        @Override
        public long begin(long limitNs) {
            return 0;
        }

        @Override
        public void stopApplications(long limitNs) {}

        @Override
        public void end() {}
    }

    private static final class Slot implements Handle {
        private final long id;
        private Object object;

        Slot(long id, Object object) {
            this.id = id;
            this.object = object;
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public String kind() {
            return "object";
        }

        @Override
        public Class<?> type() {
            return Object.class;
        }

        @Override
        public Object target() {
            return object;
        }

        @Override
        public void replace(Object fresh) {
            object = fresh;
        }
    }
}
