// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

/** A service in the order of OSGi: the higher ranking first, of equal ones the one that came first. */
public interface Ranked {

    int ranking();

    /** service.id. */
    long id();

    /** Comparator's own ways to put this together make classes at each start that no cache keeps. */
    static int compare(Ranked a, Ranked b) {
        return a.ranking() != b.ranking() ? Integer.compare(b.ranking(), a.ranking()) : Long.compare(a.id(), b.id());
    }
}
