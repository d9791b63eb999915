// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * One replacement of drivers' objects by others that are made of their records: {@link #prepare} makes the successors, {@link #commit} lets them
 * serve, {@link #giveUp} leaves everything as it was. {@code prepare} may still be stuck in a driver, in another thread, when it is
 * given up: what it does afterwards counts for nothing.
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
    /** Both guarded by this. */
    private final List<Stateful> paused = new ArrayList<>();
    private boolean givenUp;

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

    /** Saves everything and adopts it. Whatever is thrown, nothing has changed but for what {@link #giveUp} puts right. */
    void prepare() {
        List<Stateful> order = saveAll();
        List<StateRecord> passed = passage.pass(order, order.stream().map(records::get).toList());
        for (int i = 0; i < order.size(); i++) {
            passed.get(i).resolveBy(this::successor);
            records.put(order.get(i), passed.get(i));
        }
        for (Stateful old : order) {
            successor(old);
        }
        for (Stateful old : order) {
            successors.get(old).link(records.get(old));
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
        if (!enterSuccessor(stateful, fresh)) {
            fresh.discard();
            throw late();
        }
        return fresh;
    }

    private synchronized boolean enterPaused(Stateful object) {
        return !givenUp && paused.add(object);
    }

    private synchronized boolean enterSuccessor(Stateful old, Stateful fresh) {
        if (!givenUp) {
            successors.put(old, fresh);
        }
        return !givenUp;
    }

    private static StateException late() {
        return new StateException("given up meanwhile");
    }

    /** The successors serve from now on. */
    void commit(Consumer<RuntimeException> log) {
        // All first: a field may have been found on several ways, and be switched once for each.
        List<Stateful> fresh = new ArrayList<>();
        for (Handle handle : inventory.handles()) {
            fresh.add(successors.get((Stateful) handle.target()));
        }
        for (int i = 0; i < fresh.size(); i++) {
            inventory.handles().get(i).replace(fresh.get(i));
        }
        each(found, Stateful::retire, log);
        each(successors.values(), Stateful::resume, log);
    }

    /** The old objects go on. */
    void giveUp(Consumer<RuntimeException> log) {
        List<Stateful> useless;
        List<Stateful> staying;
        synchronized (this) {
            givenUp = true;
            useless = List.copyOf(successors.values());
            staying = List.copyOf(paused);
        }
        each(useless, Stateful::discard, log);
        each(staying, Stateful::resume, log);
    }

    /** One object's failure is no reason to leave out the others. */
    private static void each(Iterable<Stateful> objects, Consumer<Stateful> action, Consumer<RuntimeException> log) {
        for (Stateful object : objects) {
            try {
                action.accept(object);
            } catch (RuntimeException e) {
                log.accept(e);
            }
        }
    }
}
