// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.state.Handover.Pause;

/** Measures what the time is spent on in which no call is answered. One thread's. */
final class PauseWatch {

    private final List<Pause.Step> steps = new ArrayList<>();
    private long ns;
    private long lastNs = System.nanoTime();

    /** @param closingNs what it took until no task was inside */
    PauseWatch(long closingNs) {
        add("bring all tasks out", closingNs);
    }

    /** What has been done since the last step, or since the beginning. */
    void step(String name) {
        long now = System.nanoTime();
        add(name, now - lastNs);
        lastNs = now;
    }

    private void add(String name, long stepNs) {
        steps.add(new Pause.Step(name, stepNs));
        ns += stepNs;
    }

    Pause end() {
        return new Pause(ns, List.copyOf(steps));
    }
}
