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
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;

/**
 * The handles whose objects belong to one bundle. Objects can have handles themselves, as an overlay's inode has for its layers': so
 * whatever is found is asked in turn. Not by recursion, for how long the chains are is up to the application.
 */
final class Inventory {

    private final Predicate<Object> owned;
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Deque<HandleSource> sources = new ArrayDeque<>();
    private final List<Handle> found = new ArrayList<>();

    Inventory(Predicate<Object> owned, Iterable<? extends HandleSource> roots) {
        this.owned = owned;
        roots.forEach(sources::add);
        visitSources();
    }

    /** Asks {@code object}, which no handle leads to, for handles of its own. */
    void visit(Object object) {
        enqueue(object);
        visitSources();
    }

    private void visitSources() {
        for (HandleSource source = sources.poll(); source != null; source = sources.poll()) {
            source.forEachHandle(this::visitHandle);
        }
    }

    private void visitHandle(Handle handle) {
        if (!seen.add(handle)) {
            return;
        }
        Object target = handle.target();
        if (owned.test(target)) {
            found.add(handle);
        }
        enqueue(target);
    }

    private void enqueue(Object object) {
        if (object instanceof HandleSource source && seen.add(object)) {
            sources.add(source);
        }
    }

    /** Those found so far; more may come by {@link #visit}. */
    List<Handle> handles() {
        return found;
    }

    /** Like "1 super block", "3 inodes". */
    List<String> lines() {
        Map<String, Set<Object>> byKind = new TreeMap<>();
        for (Handle handle : found) {
            byKind.computeIfAbsent(handle.kind(), kind -> Collections.newSetFromMap(new IdentityHashMap<>())).add(handle.target());
        }
        List<String> lines = new ArrayList<>();
        byKind.forEach((kind, targets) -> lines.add(targets.size() + " " + kind + (targets.size() == 1 ? "" : "s")));
        return lines;
    }
}
