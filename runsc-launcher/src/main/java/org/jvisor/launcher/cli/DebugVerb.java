// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.sandbox.RunningSandbox;

/** {@code runsc debug}: looks into a running sandbox. */
final class DebugVerb implements Verb {
    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag roundTrip = flags.bool("round-trip", false,
        "save all state to a stream in memory and restore it from there, and tell of what");
    private final FlagSet.Flag limit = flags.checked("limit", "0",
        "with round-trip: how many milliseconds each step may take, 0 for 10,000.", BundleVerb::checkMillis);
    private final FlagSet.Flag charges = flags.bool("charges", false,
        "show what the container and its sandbox are charged with, kind by kind, and how much that may be; first what the Sentry's heap holds");

    @Override
    public String name() {
        return "debug";
    }

    @Override
    public String synopsis() {
        return "shows a variety of debug information";
    }

    @Override
    public String usage() {
        return "debug [flags] <container id>\n";
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> rest = flags.parse(words);
        if (rest.size() != 1 || roundTrip.isTrue() == charges.isTrue()) {
            throw new RunscException("debug takes one flag and a container id; \"runsc help debug\" shows its flags");
        }
        try (RunningSandbox sandbox = RunningSandbox.connect(invocation.calls(), invocation.stateRoot(), rest.get(0))) {
            invocation.print(charges.isTrue() ? sandbox.charges(rest.get(0)) : sandbox.roundTrip(Long.parseLong(limit.value())) + "\n");
        }
        return 0;
    }
}
