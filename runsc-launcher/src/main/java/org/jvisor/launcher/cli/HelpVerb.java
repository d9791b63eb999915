// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.launcher.RunscException;

/** {@code runsc help [VERB]} and {@code runsc help syscalls}. */
final class HelpVerb implements Verb {
    private final FlagSet flags = new FlagSet(RunscException.FAILED);

    @Override
    public String name() {
        return "help";
    }

    @Override
    public String synopsis() {
        return "Print help documentation.";
    }

    @Override
    public String usage() {
        return """
            help [<subcommand>]:
            \tWith an argument, prints detailed information on the use of
            \tthe specified topic or subcommand. With no argument, print a list of
            \tall commands and a brief description of each.

            \tsyscalls         Print compatibility information for syscalls; takes
            \t                 -format (table, csv, json), -os, -arch and -filename.
            """;
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> topics = flags.parse(words);
        if (topics.isEmpty()) {
            invocation.print(Usage.general(invocation.verbs()));
            return 0;
        }
        Verb syscalls = new SyscallsTopic();
        if (topics.get(0).equals(syscalls.name())) {
            return syscalls.execute(invocation, topics.subList(1, topics.size()));
        }
        Verb verb = invocation.verb(topics.get(0));
        if (verb == null) {
            throw new RunscException("Subcommand " + topics.get(0) + " not understood");
        }
        invocation.print(Usage.of(verb));
        return 0;
    }
}
