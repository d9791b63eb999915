// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.oci.SpecTemplate;

/** {@code runsc spec}: a config.json to start from. */
final class SpecVerb implements Verb {
    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag bundle = flags.string("bundle", ".", "path to the root of the OCI bundle");
    private final FlagSet.Flag cwd = flags.string("cwd", "/",
        "working directory that will be set for the executable, this value MUST be an absolute path");
    private final FlagSet.Flag netns = flags.string("netns", "", "network namespace path");

    @Override
    public String name() {
        return "spec";
    }

    @Override
    public String synopsis() {
        return "create a new OCI bundle specification file";
    }

    @Override
    public String usage() {
        return """
            spec [options] [-- args...] - create a new OCI bundle specification file.

            Writes config.json, which runs the command 'args' in the container, or 'sh' when there
            is none. Edit it to suit your needs.

            EXAMPLE:
                $ mkdir -p bundle/rootfs/bin
                $ cd bundle
                $ cp /bin/busybox rootfs/bin/
                $ runsc spec -- /bin/busybox sh
                $ sudo runsc run hello

            """;
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        List<String> arguments = flags.parse(words);
        if (!cwd.value().startsWith("/")) {
            throw new RunscException("cwd must be an absolute path, not \"" + cwd.value() + "\"");
        }
        HostCalls calls = invocation.calls();
        String path = CurrentDirectory.resolve(calls, bundle.value()) + "/config.json";
        String json = SpecTemplate.json(arguments.isEmpty() ? List.of("sh") : arguments, cwd.value(), netns.value());
        int fd = calls.open(path, Open.O_WRONLY | Open.O_CREAT | Open.O_EXCL, 0664);
        if (fd == -Errno.EEXIST) {
            throw new RunscException("file \"" + path + "\" already exists");
        }
        HostCalls.check(fd, "creating \"" + path + "\"");
        long written = calls.write(fd, ByteStrings.bytes(json));
        calls.close(fd);
        HostCalls.check(written, "writing \"" + path + "\"");
        return 0;
    }
}
