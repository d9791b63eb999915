// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.launcher.RunscException;

/** The command line: global flags, a verb, the verb's words. */
public final class Runsc {
    /** The version of the OCI runtime specification that bundles are read by. */
    private static final String SPECIFICATION = "1.1.0";

    private Runsc() {
    }

    /**
     * @param words without the program's name
     * @return the exit status
     */
    public static int run(List<String> words, List<String> environment) {
        GlobalFlags globals = new GlobalFlags();
        List<Verb> verbs = List.of(new BundleVerb(), new DebugVerb(), new DoVerb(), new ExecVerb(), new FlagsVerb(), new HelpVerb(), new RunVerb(), new SpecVerb());
        Invocation invocation = new Invocation(globals, verbs, environment);
        try {
            return dispatch(invocation, globals.set.parse(words));
        } catch (RunscException e) {
            invocation.log().error(e.getMessage());
            return e.status();
        } catch (RuntimeException | Error e) {
            // A defect, or no memory: whoever called is told as of anything else that keeps runsc from its work.
            StackTraceElement[] stack = e.getStackTrace();
            invocation.log().error("internal error: " + e + (stack.length == 0 ? "" : " in " + stack[0]));
            return RunscException.FAILED;
        }
    }

    private static int dispatch(Invocation invocation, List<String> words) {
        if (invocation.globals().version.isTrue()) {
            invocation.print("runsc version " + version() + "\nspec: " + SPECIFICATION + "\n");
            return 0;
        }
        if (invocation.globals().help.isTrue()) {
            invocation.print(Usage.general(invocation.verbs()));
            return 0;
        }
        if (words.isEmpty()) {
            invocation.print(Usage.general(invocation.verbs()));
            return RunscException.FAILED;
        }
        Verb verb = invocation.verb(words.get(0));
        if (verb == null) {
            throw new RunscException("unknown subcommand \"" + words.get(0) + "\"; \"runsc help\" lists them");
        }
        List<String> rest = words.subList(1, words.size());
        if (!rest.isEmpty() && List.of("-h", "-help", "--help").contains(rest.get(0))) {
            invocation.print(Usage.of(verb));
            return 0;
        }
        return verb.execute(invocation, rest);
    }

    private static String version() {
        return "release-" + System.getProperty("jvisor.version", "unknown");
    }
}
