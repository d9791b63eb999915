// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.jvisor.api.state.SavedFields;

/** Each field of what passes through a stream is saved and restored, or stands here with the reason why it need not be. */
class SavedFieldsTest {

    private static final Set<String> NOT_SAVED = Set.of(
            // The memory system, and what works on the manager without a state of its own.
            "Manager.advice", "Manager.faults", "Manager.lock", "Manager.mapper",
            "Manager.maxAddress", "Manager.system", "VmaMap.unuse",
            // Known from who is charged.
            "Manager.frames",
            // Known from the manager, and 0 but within one fork.
            "VmaMap.payer", "VmaMap.reserved",
            // Has a record of its own.
            "Manager.vmas",
            // Empty while nobody is inside: what is closed when the lock is let go, and who copies.
            "Manager.copiers", "Manager.unused", "Backing.lock", "Backing.nextUnused");

    @Test
    void shouldSaveEachFieldOrNameIt() {
        assertEquals(new TreeSet<>(NOT_SAVED), new SavedFields(Path.of("target/classes")).leftOut(),
                "fields that save and restore do not both look at");
    }
}
