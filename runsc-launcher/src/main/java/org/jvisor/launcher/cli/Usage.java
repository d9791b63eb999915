// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;

/** The texts of help. */
final class Usage {

    private Usage() {
    }

    static String general(List<Verb> verbs) {
        StringBuilder text = new StringBuilder("""
            Usage: runsc <flags> <subcommand> <subcommand args>

            runsc is the jVisor container runtime.

            Subcommands:
            """);
        for (Verb verb : verbs) {
            text.append('\t').append(verb.name()).append(" ".repeat(Math.max(1, 17 - verb.name().length())))
                .append(verb.synopsis()).append('\n');
        }
        return text.append("\n\nUse \"runsc flags\" for a list of top-level flags\n").toString();
    }

    static String of(Verb verb) {
        return verb.usage() + verb.flags().describe();
    }
}
