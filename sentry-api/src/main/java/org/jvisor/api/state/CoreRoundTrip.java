// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/**
 * Writes what objects of the core hold to a stream in memory, has them forget it, and sets it again from what is read: a checkpoint of
 * the core, and its restoration in the sandbox that it is of. What an object leaves out is lost, so that it shows. For once; the
 * conditions are {@link Restorable}'s.
 */
public final class CoreRoundTrip {

    private final Set<Restorable> found = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<Restorable> objects = new ArrayList<>();
    private final RecordPassage passage = new RecordPassage();

    /** @param roots with all that is reached from them */
    public CoreRoundTrip(Iterable<? extends Restorable> roots) {
        roots.forEach(this::find);
        // Not by recursion, for how long the chains are is up to the application.
        for (int i = 0; i < objects.size(); i++) {
            objects.get(i).forEachPart(this::find);
        }
    }

    private void find(Restorable object) {
        if (found.add(object)) {
            objects.add(object);
        }
    }

    /** How many records were read, by their types. */
    public SortedMap<String, Integer> types() {
        return passage.types();
    }

    /** Of the stream. */
    public long bytes() {
        return passage.bytes();
    }

    /** @throws StateException when that cannot be done: everything is as before then */
    public void run() {
        List<StateRecord> saved = new ArrayList<>();
        objects.forEach(object -> saved.add(object.save()));
        List<StateRecord> read = passage.pass(objects, saved);
        try {
            restore(read);
        } catch (RuntimeException e) {
            restore(saved);
            throw e;
        }
    }

    private void restore(List<StateRecord> records) {
        objects.forEach(Restorable::forget);
        for (int i = 0; i < records.size(); i++) {
            objects.get(i).restore(records.get(i));
        }
    }
}
