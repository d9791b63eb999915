// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.function.Consumer;

/** A part of the core that has handles. */
public interface HandleSource {

    /**
     * Shows all its handles to {@code visitor}, each once. Complete only while no task is inside the Sentry's code; any thread,
     * allocates.
     */
    void forEachHandle(Consumer<Handle> visitor);
}
