// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * One replacement of drivers' objects by others that are made of their records: {@link #save} and {@link #adopt} make the successors
 * and see to it that each can do its handles' work, {@link #commit} lets them serve, which cannot fail, {@link #giveUp} leaves
 * everything as it was. What comes before the commit may still be stuck in a driver, in another thread, when it is given up: what it
 * does afterwards counts for nothing.
 */
final class Succession {

    private final Predicate<Object> owned;
    private final Adoption adoption;
    private final Passage passage;
    private final Inventory inventory;
    /** What each old object said about itself. */
    private final Map<Stateful, StateRecord> records = new IdentityHashMap<>();
    private final Map<Stateful, Stateful> successors = new IdentityHashMap<>();
    private final Set<Stateful> beingAdopted = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<Stateful> found = Collections.newSetFromMap(new IdentityHashMap<>());
    private List<Stateful> order;
    private final Mutex lock = new Mutex(LockRank.SERVICE);
    /** All guarded by the lock, and so are the successors. */
    private final List<Stateful> paused = new ArrayList<>();
    private final List<Switch> switches = new ArrayList<>();
    private boolean givenUp;

    private record Switch(Handle handle, Stateful fresh) {}

    /** Makes the successor of an object of its record, as {@link Driver#adopt}. */
    interface Adoption {
        Stateful adopt(Stateful old, StateRecord record);
    }

    /** What happens to records between those who write and those who read them. */
    interface Passage {
        /**
         * @param objects as they were found
         * @param records one an object, in the same order
         * @return what takes their places
         */
        List<StateRecord> pass(List<Stateful> objects, List<StateRecord> records);
    }

    /** @param owned the objects that are replaced */
    Succession(Predicate<Object> owned, Adoption adoption, Passage passage, Inventory inventory) {
        this.owned = owned;
        this.adoption = adoption;
        this.passage = passage;
        this.inventory = inventory;
    }

    int handles() {
        return inventory.handles().size();
    }

    int objects() {
        return found.size();
    }

    /** Saves everything. Whatever is thrown, nothing has changed but for what {@link #giveUp} puts right; so with {@link #adopt}. */
    void save() {
        order = saveAll();
        List<StateRecord> passed = passage.pass(order, order.stream().map(records::get).toList());
        for (int i = 0; i < order.size(); i++) {
            passed.get(i).resolveBy(this::successor);
            records.put(order.get(i), passed.get(i));
        }
    }

    /** Makes the successors of what was saved. */
    void adopt() {
        for (Stateful old : order) {
            successor(old);
        }
        for (Stateful old : order) {
            successors.get(old).link(records.get(old));
        }
        for (Handle handle : inventory.handles()) {
            prepare(handle);
        }
    }

    /** Looks whether the successor of what a handle has can do its work, and makes everything ready for that. */
    private void prepare(Handle handle) {
        Stateful old = (Stateful) handle.target();
        Stateful fresh = successors.get(old);
        if (!handle.type().isInstance(fresh)) {
            throw new StateException(records.get(old).type() + ": the new version makes a " + fresh.getClass().getName() + " of it, but the "
                    + handle.kind() + " " + handle.id() + " needs a " + handle.type().getName());
        }
        if (!enterSwitch(new Switch(handle, fresh))) {
            throw late();
        }
        handle.prepare(fresh);
        if (isGivenUp()) {
            // It may have been told too early that this was given up.
            handle.giveUp(fresh);
            throw late();
        }
    }

    private List<Stateful> saveAll() {
        List<Stateful> order = new ArrayList<>();
        Deque<Stateful> unsaved = new ArrayDeque<>();
        int handlesDone = 0;
        do {
            List<Handle> handles = inventory.handles();
            for (; handlesDone < handles.size(); handlesDone++) {
                find(stateful(handles.get(handlesDone)), unsaved);
            }
            for (Stateful next = unsaved.poll(); next != null; next = unsaved.poll()) {
                order.add(next);
                StateRecord record = save(next);
                record.forEachOwn(other -> find(other, unsaved));
                inventory.visit(next);
            }
        } while (handlesDone < inventory.handles().size());
        return order;
    }

    private static Stateful stateful(Handle handle) {
        if (handle.target() instanceof Stateful stateful) {
            return stateful;
        }
        throw new StateException("the " + handle.kind() + " " + handle.id() + " (" + handle.target().getClass().getName()
                + ") cannot be handed over");
    }

    private void find(Stateful object, Deque<Stateful> unsaved) {
        if (owned.test(object) && found.add(object)) {
            object.pause();
            if (!enterPaused(object)) {
                object.resume();
                throw late();
            }
            unsaved.add(object);
        }
    }

    private StateRecord save(Stateful object) {
        StateRecord record = object.save();
        if (record == null) {
            throw new StateException(object.getClass().getName() + " saved nothing");
        }
        records.put(object, record);
        return record;
    }

    /** The object that takes {@code old}'s place, made now if need be; {@code old} itself when it stays. */
    private Object successor(Object old) {
        if (!(old instanceof Stateful stateful) || !found.contains(stateful)) {
            return old;
        }
        Stateful known = successors.get(stateful);
        if (known != null) {
            return known;
        }
        StateRecord record = records.get(stateful);
        if (!beingAdopted.add(stateful)) {
            throw new StateException(record.type() + ": references lead in a circle, and were asked for before all objects were made");
        }
        Stateful fresh = adoption.adopt(stateful, record);
        if (fresh == null) {
            throw new StateException(record.type() + " (schema " + record.schema() + "): unknown to the new version");
        }
        if (found.contains(fresh)) {
            throw new StateException(record.type() + ": the new version answers an object of the old one's, a " + fresh.getClass().getName());
        }
        if (!enterSuccessor(stateful, fresh)) {
            fresh.discard();
            throw late();
        }
        return fresh;
    }

    private boolean enterPaused(Stateful object) {
        try (Mutex _ = lock.take()) {
            return !givenUp && paused.add(object);
        }
    }

    private boolean enterSwitch(Switch made) {
        try (Mutex _ = lock.take()) {
            return !givenUp && switches.add(made);
        }
    }

    private boolean isGivenUp() {
        try (Mutex _ = lock.take()) {
            return givenUp;
        }
    }

    private boolean enterSuccessor(Stateful old, Stateful fresh) {
        try (Mutex _ = lock.take()) {
            if (!givenUp) {
                successors.put(old, fresh);
            }
            return !givenUp;
        }
    }

    private static StateException late() {
        return new StateException("given up meanwhile");
    }

    /**
     * The successors serve from now on.
     *
     * @param workers threads for what the objects do
     * @param limitNs for each old object to retire, and for each new one to begin
     * @param log what goes wrong; must not throw
     */
    void commit(Executor workers, long limitNs, Consumer<? super Throwable> log) {
        for (Switch made : switches) {
            try {
                made.handle.replace(made.fresh);
            } catch (Throwable t) {
                // A defect of the core's. The others are switched all the same: half of them would be worse.
                log.accept(t);
            }
        }
        InTurn.each(order, Stateful::retire, workers, limitNs, log);
        InTurn.each(distinct(successors.values()), Stateful::resume, workers, limitNs, log);
    }

    /** The old objects go on. */
    void giveUp(Executor workers, long limitNs, Consumer<? super Throwable> log) {
        List<Stateful> useless;
        List<Stateful> staying;
        List<Switch> undone;
        try (Mutex _ = lock.take()) {
            givenUp = true;
            useless = distinct(successors.values());
            staying = List.copyOf(paused);
            undone = List.copyOf(switches);
        }
        InTurn.each(undone, made -> made.handle.giveUp(made.fresh), workers, limitNs, log);
        InTurn.each(useless, Stateful::discard, workers, limitNs, log);
        InTurn.each(staying, Stateful::resume, workers, limitNs, log);
    }

    /** Several old objects may have one successor. */
    private static List<Stateful> distinct(Collection<Stateful> objects) {
        Set<Stateful> once = Collections.newSetFromMap(new IdentityHashMap<>());
        return objects.stream().filter(once::add).toList();
    }
}
