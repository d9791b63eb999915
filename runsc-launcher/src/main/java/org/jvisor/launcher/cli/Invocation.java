// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.List;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.host.choice.HostChoice;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.sandbox.JoinedContainer;
import org.jvisor.launcher.sandbox.Sandbox;

/** One call of runsc: what its verb needs to know and to use. */
final class Invocation {
    private final GlobalFlags globals;
    private final List<Verb> verbs;
    private final List<String> environment;
    private final RunscLog log;
    private HostCalls calls;

    Invocation(GlobalFlags globals, List<Verb> verbs, List<String> environment) {
        this.globals = globals;
        this.verbs = verbs;
        this.environment = environment;
        this.log = new RunscLog(globals);
    }

    GlobalFlags globals() {
        return globals;
    }

    List<Verb> verbs() {
        return verbs;
    }

    Verb verb(String name) {
        return verbs.stream().filter(verb -> verb.name().equals(name)).findFirst().orElse(null);
    }

    /** The caller's, as NAME=value. */
    List<String> environment() {
        return environment;
    }

    String environment(String name, String otherwise) {
        return environment.stream().filter(entry -> entry.startsWith(name + "=")).findFirst()
            .map(entry -> entry.substring(name.length() + 1)).orElse(otherwise);
    }

    RunscLog log() {
        return log;
    }

    /** Loaded when first asked for: help needs no native calls. */
    HostCalls calls() {
        if (calls == null) {
            if (!globals.host.value().equals(GlobalFlags.AUTO)) {
                System.setProperty(HostChoice.PROPERTY, globals.host.value());
            }
            try {
                calls = new HostCalls(HostChoice.make());
            } catch (IllegalStateException e) {
                throw new RunscException(e.getMessage());
            }
        }
        return calls;
    }

    void print(String text) {
        RunscLog.write(1, ByteStrings.fromUnicode(text));
    }

    /** Starts the Sentry of a sandbox as the global flags say. */
    Sandbox startSandbox(String id) {
        return Sandbox.start(calls(), settings(id));
    }

    /** A further container in the sandbox of another one. */
    JoinedContainer join(String id, String other) {
        return new JoinedContainer(calls(), settings(id), other);
    }

    private Sandbox.Settings settings(String id) {
        KernelOptions options = new KernelOptions(globals.platform.value(), globals.kernelRelease.value(), globals.strace.isTrue(),
            globals.straceCalls(), Long.parseLong(globals.memory.value()));
        return new Sandbox.Settings(id, stateRoot(), globals.rootless.isTrue(), globals.debug.isTrue(), log.open(calls(), "boot", id),
            log.open(calls(), "gofer", id), options, globals.testProperties());
    }

    /** As gVisor chooses it: $XDG_RUNTIME_DIR/runsc, or /var/run/runsc. */
    String stateRoot() {
        String root = globals.root.value();
        if (!root.isEmpty()) {
            return root;
        }
        String runtime = environment("XDG_RUNTIME_DIR", "");
        return runtime.isEmpty() ? "/var/run/runsc" : runtime + "/runsc";
    }
}
