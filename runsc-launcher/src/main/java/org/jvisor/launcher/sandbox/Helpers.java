// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.SpawnRequest;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.sandbox.Sandbox.Settings;

/** Starts the processes that runsc has beside it: the Sentry and gofers, each in namespaces of its own. One thread. */
final class Helpers implements AutoCloseable {
    private static final long NAMESPACES = Clone.CLONE_NEWNS | Clone.CLONE_NEWIPC | Clone.CLONE_NEWUTS | Clone.CLONE_NEWPID
        | Clone.CLONE_NEWNET;
    private static final String UNSHARE = "/usr/bin/unshare";
    private static final String GOFER_MAIN = "org.jvisor.gofer.Main";
    /** Where the children find what they are given. */
    static final int FIRST_OF_CHILD = 3;

    private final HostCalls calls;
    private final Settings settings;
    private final Distribution distribution;
    private final LastWords lastWords;
    private final int nullDevice;

    Helpers(HostCalls calls, Settings settings, LastWords lastWords) {
        this.calls = calls;
        this.settings = settings;
        this.lastWords = lastWords;
        this.distribution = Distribution.current(calls);
        this.nullDevice = (int) HostCalls.check(calls.open("/dev/null", Open.O_RDWR, 0), "opening /dev/null");
    }

    List<String> command(String role, String processName) {
        List<String> command = distribution.command(role, processName);
        command.add("-Djvisor.log=" + (settings.debug() ? "DEBUG" : settings.kernel().strace() ? "INFO" : "WARNING"));
        settings.testProperties().forEach(property -> command.add("-D" + property));
        return command;
    }

    Child start(String name, List<String> command, int log, int... given) {
        int[] descriptors = new int[FIRST_OF_CHILD + given.length];
        descriptors[0] = nullDevice;
        descriptors[1] = nullDevice;
        descriptors[2] = log >= 0 ? log : lastWords.writeEnd();
        System.arraycopy(given, 0, descriptors, FIRST_OF_CHILD, given.length);
        // One arena: glibc would otherwise map one a thread, each with its own pages.
        List<String> environment = List.of("MALLOC_ARENA_MAX=1");
        if (settings.rootless() && calls.host().syscall(SyscallNr.GETEUID) != 0) {
            SpawnRequest request = new SpawnRequest(UNSHARE, withUserNamespace(command), environment, descriptors);
            return Child.start(calls.host(), name, request, 0);
        }
        return Child.start(calls.host(), name, new SpawnRequest(distribution.java(), command, environment, descriptors), NAMESPACES);
    }

    /**
     * Without root, namespaces take a user namespace around them. A process with threads, as a JVM is, cannot enter a new one
     * (unshare(2)), so unshare(1) stands in between.
     */
    private List<String> withUserNamespace(List<String> command) {
        List<String> wrapped = new ArrayList<>(List.of("unshare", "--user", "--map-root-user", "--mount", "--ipc", "--uts", "--pid",
            "--net", "--fork", "--kill-child=KILL", "--", distribution.java()));
        wrapped.addAll(command.subList(1, command.size()));
        return wrapped;
    }

    /** @param ours gets the Sentry's ends of the connections, in the order of the exports */
    Child startGofer(List<GoferExport> exports, int[] ours) {
        StringBuilder lines = new StringBuilder();
        exports.forEach(export -> lines.append(export.toLine()));
        int[] given = new int[exports.size() + 1];
        given[0] = calls.memoryFile("exports", ByteStrings.bytes(lines.toString()));
        for (int i = 0; i < ours.length; i++) {
            int[] ends = calls.socketPair(Socket.SOCK_SEQPACKET);
            ours[i] = ends[0];
            given[i + 1] = ends[1];
        }
        List<String> command = command("gofer", "runsc-gofer");
        command.add(GOFER_MAIN);
        command.add("--mounts-fd=" + FIRST_OF_CHILD);
        command.add("--io-fds=" + numbers(FIRST_OF_CHILD + 1, ours.length));
        command.add("--die-with-parent");
        Child gofer = start("the gofer", command, settings.goferLog(), given);
        for (int fd : given) {
            calls.close(fd);
        }
        return gofer;
    }

    private static String numbers(int first, int count) {
        return IntStream.range(first, first + count).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    /** For callers that want to know a process that stands for a container. */
    void writePid(String file, Child child) {
        if (!file.isEmpty()) {
            int fd = calls.open(file, Open.O_WRONLY | Open.O_CREAT | Open.O_TRUNC, 0644);
            HostCalls.check(fd, "writing " + file);
            long written = calls.write(fd, ByteStrings.bytes(Integer.toString(child.pid())));
            calls.close(fd);
            HostCalls.check(written, "writing " + file);
        }
    }

    /** Ends a child if it has not ended yet; what to tell of its end. */
    RunscException died(Child child) {
        child.kill();
        child.reap();
        lastWords.take();
        return new RunscException(child.end() + lastWords.suffix());
    }

    /**
     * A gofer ends by itself, without a complaint, when the Sentry has closed its connections. When it ends otherwise, its container's
     * files are gone, and the container goes, too: half a container would let its programs take errors for answers.
     */
    void requireOrderlyEnd(Child gofer) {
        RunscException death = died(gofer);
        if (!gofer.hasSucceeded()) {
            throw death;
        }
    }

    @Override
    public void close() {
        calls.close(nullDevice);
    }
}
