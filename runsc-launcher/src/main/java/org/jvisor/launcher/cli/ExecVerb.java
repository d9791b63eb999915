// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.sandbox.ContainerPlan.Stdio;
import org.jvisor.launcher.sandbox.RunningSandbox;

/** {@code runsc exec}: a further process in a running container. */
final class ExecVerb implements Verb {
    private static final long LARGEST_ID = 0xffff_fffeL;

    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag cwd = flags.string("cwd", "", "current working directory, defaults to the container's first process's");
    private final FlagSet.Flag env = flags.string("env", "", "set an environment variable, NAME=value; may be given several times");
    private final FlagSet.Flag user = flags.checked("user", "", "UID or UID:GID, defaults to the first process's", ExecVerb::ids);
    private final FlagSet.Flag detach = flags.bool("detach", false,
        "end once the process runs; without it, the process ends with this runsc");
    private final FlagSet.Flag tty = flags.bool("tty", false, "give the process a terminal of its own");

    @Override
    public String name() {
        return "exec";
    }

    @Override
    public String synopsis() {
        return "execute a process in a running container";
    }

    @Override
    public String usage() {
        return """
            exec [flags] <container id> <command> - runs a command in a running container, with the environment, the
                capabilities and the limits of its first process.
            """;
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> rest = flags.parse(words);
        if (rest.size() < 2) {
            throw new RunscException("exec takes a container id and a command; \"runsc help exec\" shows its flags");
        }
        if (detach.isTrue() && tty.isTrue()) {
            throw new RunscException("cannot allocate tty if runsc will detach without setting console socket");
        }
        HostCalls calls = invocation.calls();
        String id = rest.get(0);
        Stdio stdio = CallerStdio.of(calls.host(), tty.isTrue());
        try (RunningSandbox sandbox = RunningSandbox.connect(calls, invocation.stateRoot(), id)) {
            ProcessSpec process = process(sandbox.process(id), rest.subList(1, rest.size()), stdio);
            if (detach.isTrue()) {
                sandbox.execDetached(id, process);
                return 0;
            }
            return sandbox.exec(id, process, stdio.terminal());
        }
    }

    private ProcessSpec process(ProcessSpec first, List<String> command, Stdio stdio) {
        List<String> environment = new ArrayList<>(first.environment());
        for (String variable : env.values()) {
            String name = variable.substring(0, variable.indexOf('=') + 1);
            environment.removeIf(other -> !name.isEmpty() && other.startsWith(name));
            environment.add(variable);
        }
        String directory = cwd.value().isEmpty() ? first.workingDirectory() : cwd.value();
        ProcessSpec.User as = first.user();
        if (!user.value().isEmpty()) {
            int[] ids = ids(user.value());
            as = new ProcessSpec.User(ids[0], ids.length > 1 ? ids[1] : as.gid(), List.of(), as.umask());
        }
        return new ProcessSpec(command, environment, directory, as, first.capabilities(), first.rlimits(), first.noNewPrivileges(),
            stdio.descriptors(), stdio.terminalBits() != 0, stdio.terminal(), stdio.terminalBits(), stdio.rows(), stdio.columns());
    }

    private static int[] ids(String text) {
        String[] parts = text.split(":", 2);
        int[] ids = new int[parts.length];
        for (int i = 0; i < ids.length; i++) {
            // -1 is nobody's: setuid(2) and setgid(2) refuse it.
            if (!parts[i].matches("[0-9]{1,10}") || Long.parseLong(parts[i]) > LARGEST_ID) {
                throw new IllegalArgumentException((i == 0 ? "UID" : "GID") + " is to be a number from 0 to " + LARGEST_ID);
            }
            ids[i] = Integer.parseUnsignedInt(parts[i]);
        }
        return ids;
    }
}
