// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.api.abi.Open;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.oci.ConfigReader;
import org.jvisor.launcher.oci.OciConfig;
import org.jvisor.launcher.sandbox.ContainerPlan;
import org.jvisor.launcher.sandbox.ContainerPlan.Stdio;
import org.jvisor.launcher.sandbox.JoinedContainer;
import org.jvisor.launcher.sandbox.Sandbox;

/** {@code runsc run}: a container from an OCI bundle, to its end. */
final class RunVerb implements Verb {
    private static final int LONGEST_CONFIG = 16 << 20;

    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag bundle = flags.string("bundle", "",
        "path to the root of the bundle directory, defaults to the current directory");
    private final FlagSet.Flag pidFile = flags.string("pid-file", "", "filename that the container pid will be written to");
    private final FlagSet.Flag in = flags.string("in", "",
        "id of a running container in whose sandbox the new one is to be, with files and processes of its own");
    private final FlagSet.Flag terminal = flags.bool("terminal", false,
        "give the container a terminal of its own, as process.terminal of the bundle does");

    @Override
    public String name() {
        return "run";
    }

    @Override
    public String synopsis() {
        return "create and run a secure container";
    }

    @Override
    public String usage() {
        return "run [flags] <container id> - create and run a secure container.\n";
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> names = flags.parse(words);
        if (names.size() != 1) {
            throw new RunscException("run takes one container id; \"runsc help run\" shows its flags");
        }
        String id = names.get(0);
        HostCalls calls = invocation.calls();
        String folder = CurrentDirectory.resolve(calls, bundle.value());
        if (!in.value().isEmpty()) {
            try (JoinedContainer container = invocation.join(id, in.value())) {
                ContainerPlan plan = plan(invocation, id, folder);
                return container.run(plan, folder, stdio(calls, plan), pidFile.value());
            }
        }
        // The Sentry starts while the bundle is read.
        try (Sandbox sandbox = invocation.startSandbox(id)) {
            ContainerPlan plan = plan(invocation, id, folder);
            sandbox.writePid(pidFile.value());
            return sandbox.run(plan, folder, stdio(calls, plan));
        }
    }

    private static ContainerPlan plan(Invocation invocation, String id, String folder) {
        GlobalFlags.Overlay overlay = invocation.globals().overlay();
        OciConfig config = config(invocation.calls(), folder + "/config.json");
        return new ContainerPlan(id, folder, config, overlay.root(), overlay.mounts(), overlay.bytes());
    }

    private Stdio stdio(HostCalls calls, ContainerPlan plan) {
        return CallerStdio.of(calls.host(), plan.config().process().terminal() || terminal.isTrue());
    }

    private static OciConfig config(HostCalls calls, String path) {
        int fd = calls.open(path, Open.O_RDONLY, 0);
        HostCalls.check(fd, "reading spec: error opening spec file \"" + path + "\"");
        try {
            return ConfigReader.read(calls.readAll(fd, LONGEST_CONFIG, "reading"));
        } catch (RunscException e) {
            throw new RunscException("reading spec: \"" + path + "\": " + e.getMessage());
        } finally {
            calls.close(fd);
        }
    }
}
