// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.state.StateException;

/** The kernel's rest while a bundle's objects are handed over. */
public final class RestAtGate implements Rest {

    /** More names would make no line for people. */
    private static final int NAMED = 3;

    private final Gate gate;

    public RestAtGate(Gate gate) {
        this.gate = gate;
    }

    @Override
    public long begin(long limitNs) {
        if (!gate.close(System.nanoTime() + limitNs)) {
            List<String> inside = gate.stragglers();
            String named = String.join(", ", inside.subList(0, Math.min(NAMED, inside.size())));
            throw new StateException("not at rest within " + TimeUnit.NANOSECONDS.toMillis(limitNs) + " ms: " + named
                    + (inside.size() > NAMED ? " and " + (inside.size() - NAMED) + " more" : ""));
        }
        return gate.stoppedNs();
    }

    @Override
    public void stopApplications(long limitNs) {
        if (!gate.callOut(System.nanoTime() + limitNs)) {
            throw new StateException("applications do not stop within " + TimeUnit.NANOSECONDS.toMillis(limitNs) + " ms");
        }
    }

    @Override
    public void end() {
        gate.open();
    }
}
