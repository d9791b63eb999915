// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCall.Condition;

/** The calls that the seal allows. It cannot be widened: what asks for more afterwards would end the sandbox. */
record SealedCalls(List<HostCall> lines) {

    /** The first of these that would not be allowed. */
    Optional<HostCall> missing(List<HostCall> asked) {
        // A refusal is asked for by who can do without.
        return asked.stream().filter(call -> call.errno() == 0 && !allows(call)).findFirst();
    }

    private boolean allows(HostCall call) {
        if (lines.stream().anyMatch(line -> covers(line, call))) {
            return true;
        }
        // Its values may be allowed by a line each.
        List<Condition> conditions = call.conditions();
        for (int i = 0; i < conditions.size(); i++) {
            Condition condition = conditions.get(i);
            if (condition.values().size() > 1) {
                int place = i;
                return condition.values().stream().allMatch(value -> {
                    List<Condition> single = new ArrayList<>(conditions);
                    single.set(place, new Condition(condition.argument(), condition.mask(), List.of(value)));
                    return allows(new HostCall(call.number(), single, 0));
                });
            }
        }
        return false;
    }

    private static boolean covers(HostCall line, HostCall call) {
        return line.number() == call.number() && line.errno() == 0 && line.conditions().stream()
            .allMatch(wanted -> call.conditions().stream().anyMatch(given -> implies(given, wanted)));
    }

    private static boolean implies(Condition given, Condition wanted) {
        return given.argument() == wanted.argument() && (wanted.mask() & ~given.mask()) == 0
            && given.values().stream().allMatch(value -> wanted.values().contains(value & wanted.mask()));
    }
}
