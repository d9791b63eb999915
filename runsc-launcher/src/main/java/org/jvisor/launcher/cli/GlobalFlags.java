// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.host.choice.HostChoice;
import org.jvisor.launcher.RunscException;

/** The flags before the verb. Their names are gVisor's where gVisor has them. */
final class GlobalFlags {
    static final String AUTO = "auto";
    static final String DEFAULT_RELEASE = "6.1.0-jvisor";
    /** Linux's __NEW_UTS_LEN: what uname(2) has room for. */
    private static final int LONGEST_RELEASE = 64;

    final FlagSet set = new FlagSet(RunscException.USAGE);
    final FlagSet.Flag help = set.bool("help", false, "print the usage");
    final FlagSet.Flag version = set.bool("version", false, "show version and exit.");
    final FlagSet.Flag root = set.string("root", "", "root directory for storage of container state.");
    final FlagSet.Flag platform = set.string("platform", "auto",
        "specifies which platform to use: auto (the best that works on this host), or the name of one, such as ptrace. Of several"
            + " with commas between, the first serves and the others are made ready to take over.");
    final FlagSet.Flag host = set.checked("host", AUTO,
        "specifies how runsc and the sandbox reach the host's kernel: ffm (java.lang.foreign), jnr (jnr-ffi), or auto (default): ffm"
            + " where Java allows native access, jnr elsewhere.", value -> oneOf(value, List.of(AUTO, HostChoice.FFM, HostChoice.JNR)));
    final FlagSet.Flag network = set.checked("network", "sandbox",
        "specifies which network to use: sandbox (default) or none. Both have the loopback interface only.",
        GlobalFlags::checkNetwork);
    final FlagSet.Flag ignoreCgroups = set.bool("ignore-cgroups", false, "don't configure cgroups. They never are yet.");
    final FlagSet.Flag rootless = set.bool("rootless", false,
        "it allows the sandbox to be started with a user that is not root.");
    final FlagSet.Flag overlay2 = set.checked("overlay2", "root:memory",
        "wrap mounts with overlayfs: none, or {root|all}:memory[,size=BYTES].", GlobalFlags::checkOverlay);
    final FlagSet.Flag debug = set.bool("debug", false, "enable debug logging.");
    final FlagSet.Flag debugLog = set.string("debug-log", "",
        "additional location for logs. If it ends with '/', log files are created inside the directory with default names."
            + " The following variables are available: %TIMESTAMP%, %COMMAND%, %ID%.");
    final FlagSet.Flag log = set.string("log", "", "file path where internal debug information is written, default is stdout.");
    final FlagSet.Flag logFormat = set.checked("log-format", "text", "log format: text (default), json, or json-k8s.",
        value -> oneOf(value, List.of("text", "json", "json-k8s")));
    final FlagSet.Flag strace = set.bool("strace", false, "enable strace.");
    final FlagSet.Flag straceSyscalls = set.string("strace-syscalls", "",
        "comma-separated list of syscalls to trace. If --strace is true and this list is empty, then all syscalls will be traced.");
    final FlagSet.Flag kernelRelease = set.checked("kernel-release", DEFAULT_RELEASE, "the kernel release that uname shows.",
        GlobalFlags::checkRelease);
    final FlagSet.Flag checkLocks = set.bool("TESTONLY-check-locks", false,
        "TEST ONLY; end the sandbox when the Sentry takes locks in another order than it should.");
    final FlagSet.Flag beginAgain = set.checked("TESTONLY-begin-again", "",
        "TEST ONLY; have each wait of a system call come out as if its handler were replaced: once, twice, or random:SEED.",
        GlobalFlags::checkAgain);
    final FlagSet.Flag memory = set.checked("total-memory", "0",
        "how many bytes programs can use, 0 for as much as the host has.", GlobalFlags::checkBytes);

    private static void checkNetwork(String value) {
        if (value.equals("host")) {
            throw new IllegalArgumentException("the host's network is not offered, only sandbox and none");
        }
        if (!value.equals("sandbox") && !value.equals("none")) {
            throw new IllegalArgumentException("invalid network type \"" + value + "\"");
        }
    }

    private static void checkRelease(String value) {
        if (value.isEmpty() || value.length() > LONGEST_RELEASE) {
            throw new IllegalArgumentException("must have from 1 to " + LONGEST_RELEASE + " bytes");
        }
    }

    private static void checkAgain(String value) {
        if (!value.matches("once|twice|random:-?[0-9]{1,18}")) {
            throw new IllegalArgumentException("must be once, twice or random:SEED");
        }
    }

    private static void checkOverlay(String value) {
        Overlay.parse(value);
    }

    private static void checkBytes(String value) {
        try {
            if (Long.parseLong(value) >= 0) {
                return;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException("not a number of bytes");
    }

    private static void oneOf(String value, List<String> choices) {
        if (!choices.contains(value)) {
            throw new IllegalArgumentException("must be one of " + String.join(", ", choices));
        }
    }

    /** System properties of the Sentry's and the gofer's JVM that switch what only tests want, in the form NAME=VALUE. */
    List<String> testProperties() {
        List<String> properties = new ArrayList<>();
        if (checkLocks.isTrue()) {
            properties.add(LockOrder.PROPERTY + "=halt");
        }
        if (!beginAgain.value().isEmpty()) {
            properties.add("org.jvisor.calls.again=" + beginAgain.value());
        }
        return properties;
    }

    Overlay overlay() {
        return Overlay.parse(overlay2.value());
    }

    List<String> straceCalls() {
        return straceSyscalls.value().isEmpty() ? List.of() : List.of(straceSyscalls.value().split(","));
    }

    /**
     * Where changes to the root file system and to bind mounts go.
     *
     * @param root whether changes to the root stay in the sandbox's memory
     * @param mounts the same of bind mounts
     * @param bytes limit of each; 0: none
     */
    record Overlay(boolean root, boolean mounts, long bytes) {

        static Overlay parse(String value) {
            if (value.equals("none")) {
                return new Overlay(false, false, 0);
            }
            String[] parts = value.split(",", -1);
            long bytes = 0;
            for (int i = 1; i < parts.length; i++) {
                if (!parts[i].startsWith("size=")) {
                    throw new IllegalArgumentException("unknown option \"" + parts[i] + "\"");
                }
                bytes = size(parts[i].substring("size=".length()));
            }
            return switch (parts[0]) {
                case "root:memory" -> new Overlay(true, false, bytes);
                case "all:memory" -> new Overlay(true, true, bytes);
                default -> throw new IllegalArgumentException("must be none, root:memory or all:memory");
            };
        }

        private static long size(String text) {
            int units = "kmg".indexOf(text.isEmpty() ? ' ' : Character.toLowerCase(text.charAt(text.length() - 1)));
            try {
                long number = Long.parseLong(units < 0 ? text : text.substring(0, text.length() - 1));
                if (number > 0) {
                    return units < 0 ? number : Math.multiplyExact(number, 1L << 10 * (units + 1));
                }
            } catch (ArithmeticException | NumberFormatException e) {
                // said below
            }
            throw new IllegalArgumentException("size=" + text + " is no size");
        }
    }
}
