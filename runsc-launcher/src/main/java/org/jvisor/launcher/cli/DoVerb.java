// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.kernel.ProcessSpec.Capabilities;
import org.jvisor.api.kernel.ProcessSpec.User;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.host.HostTerminal;
import org.jvisor.launcher.oci.OciConfig;
import org.jvisor.launcher.sandbox.ContainerPlan;
import org.jvisor.launcher.sandbox.Sandbox;

/** {@code runsc do}: a command on the host's own files, which stay as they are. */
final class DoVerb implements Verb {
    private static final int UMASK = 022;

    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag root = flags.string("root", "/", "path to the root directory, defaults to \"/\"");
    private final FlagSet.Flag cwd = flags.string("cwd", ".", "path to the current directory, defaults to the current directory");
    private final FlagSet.Flag overlay = flags.bool("force-overlay", true,
        "use an overlay. WARNING: disabling gives the command write access to the host");

    DoVerb() {
        flags.bool("quiet", false, "suppress runsc messages to stdout. There are none.");
    }

    @Override
    public String name() {
        return "do";
    }

    @Override
    public String synopsis() {
        return "Simplistic way to execute a command inside the sandbox. It's to be used for testing only.";
    }

    @Override
    public String usage() {
        return """
            do [flags] <cmd> - runs a command.

            This command starts a sandbox with the host's file system as its root, read-only below
            an overlay in memory. It is the quickest way to try jVisor: no bundle is needed.

            """;
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> command = flags.parse(words);
        if (command.isEmpty()) {
            throw new RunscException("do takes a command to run; \"runsc help do\" shows its flags");
        }
        HostCalls calls = invocation.calls();
        String id = "runsc-" + ThreadLocalRandom.current().nextInt(1_000_000);
        try (Sandbox sandbox = invocation.startSandbox(id)) {
            boolean terminal = HostTerminal.isTerminal(calls.host(), 0);
            OciConfig config = config(invocation, calls, command, terminal);
            long bytes = invocation.globals().overlay().bytes();
            ContainerPlan plan = new ContainerPlan(id, "/", config, overlay.isTrue(), false, bytes);
            return sandbox.run(plan, "/", CallerStdio.of(calls.host(), terminal));
        }
    }

    private OciConfig config(Invocation invocation, HostCalls calls, List<String> command, boolean terminal) {
        long all = Capability.ALL;
        OciConfig.Process process = new OciConfig.Process(terminal, 0, 0, command, invocation.environment(),
            CurrentDirectory.resolve(calls, cwd.value()), new User(0, 0, List.of(), UMASK),
            new Capabilities(all, all, 0, all, 0), List.of(), false);
        String path = CurrentDirectory.resolve(calls, root.value());
        return new OciConfig(process, new OciConfig.Root(path, false), HostName.get(calls), "", List.of(), 0);
    }
}
