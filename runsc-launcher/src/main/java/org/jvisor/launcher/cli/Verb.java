// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;

/** A subcommand: parses its own words and delegates. */
interface Verb {

    String name();

    String synopsis();

    /** The first lines of its help, without the flags. */
    String usage();

    FlagSet flags();

    /**
     * @param words all after the verb
     * @return runsc's exit status
     */
    int execute(Invocation invocation, List<String> words);
}
