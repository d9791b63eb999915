// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.launcher.RunscException;

/** {@code runsc flags}: the flags that stand before the verb. */
final class FlagsVerb implements Verb {
    private final FlagSet flags = new FlagSet(RunscException.FAILED);

    @Override
    public String name() {
        return "flags";
    }

    @Override
    public String synopsis() {
        return "describe all known top-level flags";
    }

    @Override
    public String usage() {
        return "flags:\n\tDescribe all known top-level flags.\n";
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        flags.parse(words);
        invocation.print(invocation.globals().set.describe());
        return 0;
    }
}
