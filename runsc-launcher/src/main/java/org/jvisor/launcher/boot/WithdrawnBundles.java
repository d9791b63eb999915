// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.osgi.framework.Bundle;
import org.osgi.framework.wiring.BundleWiring;

/** Bundles that are gone, as long as their classes are not: something still holds an object of theirs then. */
final class WithdrawnBundles {

    private record Withdrawn(String line, WeakReference<ClassLoader> loader) {}

    private final Mutex lock = new Mutex(LockRank.KERNEL);
    /** Guarded by the lock. */
    private final List<Withdrawn> bundles = new ArrayList<>();

    /**
     * What tells of a bundle's class loader; to be asked before the bundle is withdrawn.
     *
     * @param line shows the bundle to people
     * @return what adds the bundle to those that are gone
     */
    Runnable prepare(Bundle bundle, String line) {
        BundleWiring wiring = bundle.adapt(BundleWiring.class);
        // The loader of those that are there from the boot is the application's.
        if (wiring == null || bundle.getLocation().startsWith(BootBundles.PREFIX)) {
            return () -> { };
        }
        WeakReference<ClassLoader> loader = new WeakReference<>(wiring.getClassLoader());
        return () -> add(new Withdrawn(line, loader));
    }

    private void add(Withdrawn bundle) {
        try (Mutex _ = lock.take()) {
            dropCollected();
            bundles.add(bundle);
        }
    }

    /** A line each, after a collection if there may be any. */
    String list() {
        if (!isEmpty()) {
            System.gc();
        }
        StringBuilder lines = new StringBuilder();
        try (Mutex _ = lock.take()) {
            dropCollected();
            bundles.forEach(bundle -> lines.append(bundle.line));
        }
        return lines.toString();
    }

    private boolean isEmpty() {
        try (Mutex _ = lock.take()) {
            dropCollected();
            return bundles.isEmpty();
        }
    }

    private void dropCollected() {
        bundles.removeIf(bundle -> bundle.loader.refersTo(null));
    }
}
