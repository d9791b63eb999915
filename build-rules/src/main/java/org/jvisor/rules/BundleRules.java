// SPDX-License-Identifier: Apache-2.0
package org.jvisor.rules;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Rules about class files that no compiler knows.
 *
 * <ul>
 * <li>The bundles of the boot are resolved by the framework, but their classes come from one class path, where the AOT cache can
 * hold them. That is the same as class loaders of their own when no bundle uses a class that its manifest does not import, and no
 * package is in two bundles.
 * <li>Only the host bundles reach native code; everything else asks {@code HostKernel}.
 * <li>The Sentry's locks are those of {@code org.jvisor.api.lock}, which know their order: no monitors, and no other locks.
 * <li>Bundles that are replaced have no ThreadLocal: a thread keeps what it has for one long after that is gone, so each build would
 * leave something in each thread.
 * </ul>
 */
public final class BundleRules {
    private static final Set<String> NATIVE_BUNDLES = Set.of("host-ffm", "host-jnr");
    private static final Set<String> NATIVE_CLASSES = Set.of("sun.misc.Unsafe", "jdk.internal.misc.Unsafe");
    private static final List<String> NATIVE_PACKAGES = List.of("java.lang.foreign.", "jnr.", "com.kenai.", "com.sun.jna.");
    private static final Set<String> NATIVE_METHODS = Set.of("java.lang.System.load", "java.lang.System.loadLibrary",
        "java.lang.Runtime.load", "java.lang.Runtime.loadLibrary");

    private static final String LOCKS = "java.util.concurrent.locks.";
    /** Parking is how the Sentry's own locks wait. */
    private static final String PARKING = LOCKS + "LockSupport";
    private static final String OURS = "org.jvisor.";

    /** As {@code RunningBundles} has them. */
    private static final Set<String> NEVER_REPLACED = Set.of("sentry-api", "sentry-core", "sentry-mm", "sentry-vfs", "sentry-time",
        "assembler", "host-ffm", "host-jnr");
    private static final Set<String> THREAD_LOCALS = Set.of("java.lang.ThreadLocal", "java.lang.InheritableThreadLocal");

    private BundleRules() {
    }

    /**
     * Ends with status 1 and a line for each class that breaks a rule.
     *
     * @param arguments {@code wiring}, {@code native}, {@code locks} or {@code threads}, and the jars that the rule is about
     */
    public static void main(String[] arguments) throws IOException {
        List<BundleFile> bundles = new ArrayList<>();
        for (int i = 1; i < arguments.length; i++) {
            bundles.add(BundleFile.read(Path.of(arguments[i])));
        }
        List<String> broken = switch (arguments[0]) {
            case "wiring" -> wiring(bundles);
            case "native" -> nativeCode(bundles);
            case "locks" -> locks(bundles);
            case "threads" -> threads(bundles);
            default -> throw new IllegalArgumentException(arguments[0]);
        };
        broken.forEach(System.err::println);
        System.exit(broken.isEmpty() && !bundles.isEmpty() ? 0 : 1);
    }

    static List<String> wiring(List<BundleFile> bundles) {
        List<String> broken = new ArrayList<>();
        Map<String, String> homes = new TreeMap<>();
        for (BundleFile bundle : bundles) {
            for (String name : bundle.packages()) {
                String other = homes.put(name, bundle.name());
                if (other != null) {
                    broken.add("package " + name + " is in " + other + " and in " + bundle.name());
                }
            }
            for (ClassUses uses : bundle.classes()) {
                for (String used : uses.classes()) {
                    String home = ClassUses.packageOf(used);
                    if (!home.startsWith("java.") && !bundle.packages().contains(home) && !bundle.imports().contains(home)) {
                        broken.add(bundle.name() + ": " + uses.name() + " uses " + used + ", which the bundle does not import");
                    }
                }
            }
        }
        return broken;
    }

    static List<String> nativeCode(List<BundleFile> bundles) {
        List<String> broken = new ArrayList<>();
        for (BundleFile bundle : bundles) {
            if (NATIVE_BUNDLES.contains(bundle.name())) {
                continue;
            }
            for (ClassUses uses : bundle.classes()) {
                String where = bundle.name() + ": " + uses.name();
                if (uses.hasNativeMethods()) {
                    broken.add(where + " has native methods");
                }
                for (String used : uses.classes()) {
                    if (NATIVE_CLASSES.contains(used) || NATIVE_PACKAGES.stream().anyMatch(used::startsWith)) {
                        broken.add(where + " reaches native code by " + used);
                    }
                }
                for (String member : uses.members()) {
                    if (NATIVE_METHODS.contains(member)) {
                        broken.add(where + " reaches native code by " + member);
                    }
                }
            }
        }
        return broken;
    }

    static List<String> locks(List<BundleFile> bundles) {
        List<String> broken = new ArrayList<>();
        for (BundleFile bundle : bundles) {
            for (ClassUses uses : bundle.classes()) {
                String where = bundle.name() + ": " + uses.name();
                if (!uses.name().startsWith(OURS)) {
                    continue;
                }
                if (uses.hasMonitors()) {
                    broken.add(where + " uses a monitor, which has no rank");
                }
                for (String used : uses.classes()) {
                    if (used.startsWith(LOCKS) && !used.equals(PARKING)) {
                        broken.add(where + " uses " + used + ", which has no rank");
                    }
                }
            }
        }
        return broken;
    }

    static List<String> threads(List<BundleFile> bundles) {
        List<String> broken = new ArrayList<>();
        for (BundleFile bundle : bundles) {
            if (NEVER_REPLACED.contains(bundle.name())) {
                continue;
            }
            for (ClassUses uses : bundle.classes()) {
                for (String used : uses.classes()) {
                    if (uses.name().startsWith(OURS) && THREAD_LOCALS.contains(used)) {
                        broken.add(bundle.name() + ": " + uses.name() + " uses " + used + ", of which each build leaves something");
                    }
                }
            }
        }
        return broken;
    }
}
