// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.api.abi.Open;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostBytes;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.sandbox.RunningSandbox;

/** {@code runsc bundle}: adds OSGi bundles to a running sandbox and takes them away. */
final class BundleVerb implements Verb {
    private static final int LONGEST_JAR = 32 << 20;

    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag name = flags.string("name", "",
        "with install: what the bundle is called from now on (default: its file's name)");
    private final FlagSet.Flag limit = flags.checked("limit", "0",
        "with install: how many milliseconds the start of the bundle and each step of a hand-over may take, 0 for 10,000.",
        BundleVerb::checkMillis);

    @Override
    public String name() {
        return "bundle";
    }

    @Override
    public String synopsis() {
        return "add or withdraw an OSGi bundle of a running sandbox";
    }

    @Override
    public String usage() {
        return """
            bundle install [flags] <container id> <jar> - add a bundle to the running kernel; the bundle of the same
                symbolic name is replaced.
            bundle uninstall <container id> <name> - withdraw one, by its name or its symbolic name.
            bundle list <container id> - show all, and those that are withdrawn while something still holds their classes.
            """;
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> rest = flags.parse(words);
        String action = rest.isEmpty() ? "" : rest.get(0);
        // As in "bundle install --name N ID JAR", too.
        rest = rest.isEmpty() ? rest : flags.parse(rest.subList(1, rest.size()));
        if (rest.size() != (action.equals("list") ? 1 : 2) || !List.of("install", "uninstall", "list").contains(action)) {
            throw new RunscException("bundle takes install, uninstall or list and what it is about; \"runsc help bundle\" tells more");
        }
        HostCalls calls = invocation.calls();
        try (RunningSandbox sandbox = RunningSandbox.connect(calls, invocation.stateRoot(), rest.get(0))) {
            switch (action) {
                case "install" -> invocation.print(install(calls, sandbox, rest.get(1)) + "\n");
                case "uninstall" -> invocation.print(sandbox.uninstall(rest.get(1)) + "\n");
                default -> invocation.print(sandbox.bundles());
            }
        }
        return 0;
    }

    private String install(HostCalls calls, RunningSandbox sandbox, String file) {
        int fd = calls.open(file, Open.O_RDONLY, 0);
        HostCalls.check(fd, "opening " + file);
        try (HostBytes jar = HostBytes.readAll(calls, fd, LONGEST_JAR, file)) {
            return sandbox.install(name.value().isEmpty() ? file.substring(file.lastIndexOf('/') + 1) : name.value(), jar,
                Long.parseLong(limit.value()));
        } finally {
            calls.close(fd);
        }
    }

    static void checkMillis(String value) {
        if (!value.matches("[0-9]{1,7}")) {
            throw new IllegalArgumentException("not a number of milliseconds below 10,000,000");
        }
    }
}
