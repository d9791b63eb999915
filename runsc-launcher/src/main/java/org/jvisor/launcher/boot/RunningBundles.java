// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.lock.Condition;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRevision;

/** Bundles that come, are replaced and go while the sandbox runs. */
final class RunningBundles {
    /** What is replaced by nobody yet: the core's own objects are the kernel's state, and everything else hangs on its API. */
    private static final Set<String> CORE = Set.of("sentry-api", "sentry-core", "sentry-mm", "sentry-vfs", "sentry-time", "assembler",
        "host-ffm", "host-jnr", Constants.SYSTEM_BUNDLE_SYMBOLICNAME);
    private static final String[] FRAMEWORK = {"org.apache.felix.", "org.osgi."};
    /** What nobody else may pass for. */
    private static final String[] API = {"org.jvisor.api.", "org.osgi.", "java."};

    /** Begins the location of bundles that were installed later, so that no name means anything to the framework. */
    private static final String INSTALLED = "installed:";
    /** Between the name of a bundle and the count that tells its versions apart. */
    private static final String VERSION_MARK = "#";
    private static final long LIMIT_MILLIS = 10_000;
    private static final long PATIENCE_MILLIS = 3000;
    private static final int LONGEST_NAME = 255;
    private static final int MOST_HANGING = 8;

    private final BundleContext context;
    private final Probation probation;
    private final Succession succession;
    private final Mutex lock = new Mutex(LockRank.HANDOVER);
    private final Condition changed = new Condition(lock);
    /** Somebody is at it, whose is all that follows. Guarded by the lock. */
    private boolean changing;
    /** Null until there is a change: a start does not wait for what it may never need. Guarded by the lock. */
    private UsedServices usedServices;
    private final WithdrawnBundles withdrawn = new WithdrawnBundles();
    /** Digests of jars by the location of their bundles. */
    private final Map<String, String> digests;
    private int installations;
    /** They have not come back from their start or their end: they do not serve, and cannot be withdrawn either. */
    private final List<Bundle> hanging = new ArrayList<>();
    private SealedCalls sealed;

    /** @param bootDigests of the jars that the boot bundles were made of, by location */
    RunningBundles(BundleContext context, Map<String, String> bootDigests) {
        this.context = context;
        probation = new Probation(context);
        succession = new Succession(context, probation);
        digests = new HashMap<>(bootDigests);
    }

    /** Called once, before anything is installed: what services that come later can have. */
    void sealed(SealedCalls calls) {
        sealed = calls;
    }

    /**
     * Installs a bundle and starts it. One of the same symbolic name is withdrawn then: not updated in place, since its services would
     * be missed in between. When anything fails, the old one goes on.
     *
     * @param limitMillis for its start and for each step of what follows; 0: the usual
     * @return what was done, for people
     */
    String install(String name, byte[] bytes, long limitMillis) throws BundleException {
        checkName(name);
        BundleJar jar = BundleJar.read(bytes);
        begin();
        try {
            Bundle old = find(name, jar);
            return come(name, jar, old, limitMillis == 0 ? LIMIT_MILLIS : limitMillis);
        } finally {
            end();
        }
    }

    /** Others are waited for a while, but not for all that they may take. */
    private void begin() throws BundleException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        try (Mutex _ = lock.take()) {
            while (changing) {
                if (!changed.awaitUntil(deadline)) {
                    throw new BundleException("another bundle is being installed or withdrawn: try again");
                }
            }
            if (usedServices == null) {
                usedServices = new UsedServices((Framework) context.getBundle(0));
                context.addBundleListener(usedServices);
            }
            changing = true;
        }
    }

    private void end() {
        try (Mutex _ = lock.take()) {
            changing = false;
            changed.signalAll();
        }
    }

    /** It stands in lines for people, and among the symbolic names of others. */
    private static void checkName(String name) throws BundleException {
        if (name.isBlank() || name.length() > LONGEST_NAME || name.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            throw new BundleException("no name for a bundle: \"" + JarEntries.shown(name) + "\"");
        }
    }

    /** The bundle that a jar is to replace, or null. */
    private Bundle find(String name, BundleJar jar) throws BundleException {
        refuseCore(jar.symbolicName(), "replaced");
        hanging.removeIf(bundle -> bundle.getState() == Bundle.UNINSTALLED);
        if (hanging.size() >= MOST_HANGING) {
            throw new BundleException(hanging.size() + " bundles that were installed hang, as " + describe(hanging.getFirst())
                + " does: no more are taken");
        }
        Bundle old = null;
        for (Bundle bundle : context.getBundles()) {
            if (hanging.contains(bundle)) {
                continue;
            }
            if (jar.symbolicName().equals(bundle.getSymbolicName())) {
                old = bundle;
            } else if (isCalled(bundle, name) || nameOf(bundle).equals(jar.symbolicName())) {
                throw new BundleException("the name " + (isCalled(bundle, name) ? name : jar.symbolicName()) + " is taken by "
                    + describe(bundle));
            }
        }
        if (old != null && old.getVersion().equals(jar.version()) && jar.digest().equals(digests.get(old.getLocation()))) {
            throw new BundleException(describe(old) + " is there, from a jar with the same content");
        }
        return old;
    }

    /** Lets the bundle of a jar come, and the old one go. */
    private String come(String name, BundleJar jar, Bundle old, long limitMillis) throws BundleException {
        Bundle fresh = add(name, jar);
        StartedComponents components = new StartedComponents(context, fresh, sealed);
        String done;
        try {
            refuseExports(fresh);
            Timed.run(limitMillis, () -> {
                fresh.start();
                // The framework calls it active all the same if that was within its start.
                if (fresh.getState() != Bundle.ACTIVE || fresh.getBundleContext() == null) {
                    throw new BundleException("it has stopped itself");
                }
                components.check(jar.components());
            }, () -> comeBackLate(fresh));
            if (old == null) {
                Timed.run(limitMillis, () -> succession.admit(fresh), () -> comeBackLate(fresh));
                done = "installed " + describe(fresh) + components.waiting();
            } else {
                done = "replaced " + describe(old) + " by " + fresh.getVersion() + succession.replace(old, fresh, limitMillis);
            }
        } catch (BundleException | RuntimeException | Error e) {
            throw new BundleException(jar.symbolicName() + " " + jar.version() + " does not start"
                + (old == null ? "" : ", " + old.getVersion() + " goes on") + ": " + reason(e) + giveUp(fresh), e);
        }
        digests.put(fresh.getLocation(), jar.digest());
        return done + release(components) + (old == null ? "" : goAway(old, "; withdrawing the old one: "));
    }

    private static String release(StartedComponents components) {
        try {
            Timed.run(LIMIT_MILLIS, components::release, () -> { });
            return "";
        } catch (BundleException e) {
            return "; releasing what nobody uses of it: " + e.getMessage();
        }
    }

    private Bundle add(String name, BundleJar jar) throws BundleException {
        try {
            String location = INSTALLED + name + VERSION_MARK + ++installations;
            Bundle fresh = context.installBundle(location, new ByteArrayInputStream(jar.bytes()));
            probation.begin(fresh);
            return fresh;
        } catch (BundleException | RuntimeException | Error e) {
            throw new BundleException(jar.symbolicName() + " " + jar.version() + " is no bundle: " + reason(e), e);
        }
    }

    /** Others would be wired to what it passes for the API. */
    private static void refuseExports(Bundle bundle) throws BundleException {
        for (BundleCapability exported : bundle.adapt(BundleRevision.class).getDeclaredCapabilities(PackageNamespace.PACKAGE_NAMESPACE)) {
            String name = String.valueOf(exported.getAttributes().get(PackageNamespace.PACKAGE_NAMESPACE));
            for (String prefix : API) {
                if (name.startsWith(prefix)) {
                    throw new BundleException("it exports " + JarEntries.shown(name) + ", which is not its own");
                }
            }
        }
    }

    private static String reason(Throwable problem) {
        return problem instanceof BundleException ? problem.getMessage() : problem.toString();
    }

    /** @return empty, or what people are to know of the end of a bundle that does not come to serve */
    private String giveUp(Bundle fresh) {
        try {
            // One that hangs in its start goes when it comes back.
            if (fresh.getState() != Bundle.STARTING) {
                Timed.run(LIMIT_MILLIS, () -> discard(fresh), () -> { });
            }
        } catch (BundleException e) {
            hanging.add(fresh);
            return "; withdrawing it: " + e.getMessage();
        }
        if (fresh.getState() == Bundle.UNINSTALLED) {
            probation.forget(fresh);
        } else {
            hanging.add(fresh);
        }
        return "";
    }

    /** It was given up meanwhile, and does the rest itself. */
    private void comeBackLate(Bundle bundle) throws BundleException {
        discard(bundle);
        probation.forget(bundle);
    }

    /** Two threads may do so, if one that was given up comes back. */
    static void discard(Bundle bundle) throws BundleException {
        try {
            bundle.uninstall();
        } catch (IllegalStateException e) {
            if (bundle.getState() != Bundle.UNINSTALLED) {
                throw e;
            }
        }
    }

    /**
     * Uninstalls what serves no more.
     *
     * @return empty, or what people are to know, since nothing else can be done about it
     */
    private String goAway(Bundle bundle, String problem) {
        Runnable gone = withdrawn.prepare(bundle, line(bundle, "withdrawn"));
        try {
            Timed.run(LIMIT_MILLIS, () -> discard(bundle), () -> { });
        } catch (BundleException e) {
            hanging.add(bundle);
            return problem + e.getMessage();
        }
        digests.remove(bundle.getLocation());
        gone.run();
        return "";
    }

    /** Uninstalls a bundle by the name that it was installed by, or by its symbolic name. */
    String uninstall(String name) throws BundleException {
        begin();
        try {
            for (Bundle bundle : context.getBundles()) {
                if (bundle.getBundleId() != 0 && isCalled(bundle, name) && !hanging.contains(bundle)) {
                    refuseCore(bundle.getSymbolicName(), "withdrawn");
                    withdraw(bundle);
                    return "withdrew " + describe(bundle) + goAway(bundle, "; ");
                }
            }
        } finally {
            end();
        }
        throw new BundleException("no bundle " + JarEntries.shown(name));
    }

    private void withdraw(Bundle bundle) throws BundleException {
        try {
            succession.withdraw(bundle, LIMIT_MILLIS);
        } finally {
            if (bundle.getState() == Bundle.STOPPING) {
                hanging.add(bundle);
            }
        }
    }

    /**
     * Saves all that the bundles do the work for to a stream of bytes, and lets them take it over from there.
     *
     * @param limitMillis for each step; 0: the usual
     * @return what was saved and adopted, for people
     */
    String roundTrip(long limitMillis) throws BundleException {
        begin();
        try {
            return succession.roundTrip(limitMillis == 0 ? LIMIT_MILLIS : limitMillis);
        } finally {
            end();
        }
    }

    private static void refuseCore(String symbolicName, String change) throws BundleException {
        boolean framework = false;
        for (String prefix : FRAMEWORK) {
            framework |= symbolicName.startsWith(prefix);
        }
        if (framework || CORE.contains(symbolicName)) {
            throw new BundleException(symbolicName + " is a bundle of the core, which cannot be " + change + " yet while a sandbox runs");
        }
    }

    private static boolean isCalled(Bundle bundle, String name) {
        return name.equals(nameOf(bundle)) || name.equals(bundle.getSymbolicName());
    }

    /** What a bundle was installed by; its location for those from the boot. */
    private static String nameOf(Bundle bundle) {
        String location = bundle.getLocation();
        return location.startsWith(INSTALLED) ? location.substring(INSTALLED.length(), location.lastIndexOf(VERSION_MARK)) : location;
    }

    private static String describe(Bundle bundle) {
        return bundle.getSymbolicName() + " " + bundle.getVersion()
            + (bundle.getLocation().startsWith(BootBundles.PREFIX) ? ", there from the boot," : "");
    }

    /**
     * A line a bundle: id, state, symbolic name, version, location. Withdrawn ones are shown as long as their classes are there: it
     * takes a collection to tell.
     */
    String list() {
        StringBuilder text = new StringBuilder();
        for (Bundle bundle : context.getBundles()) {
            text.append(line(bundle, state(bundle.getState())));
        }
        return text.append(withdrawn.list()).toString();
    }

    private static String line(Bundle bundle, String state) {
        String location = bundle.getLocation();
        return bundle.getBundleId() + "\t" + state + "\t" + bundle.getSymbolicName() + "\t" + bundle.getVersion() + "\t"
            + (location.startsWith(INSTALLED) ? location.substring(INSTALLED.length()) : location) + "\n";
    }

    private static String state(int state) {
        return switch (state) {
            case Bundle.INSTALLED -> "installed";
            case Bundle.RESOLVED -> "resolved";
            case Bundle.STARTING -> "starting";
            case Bundle.ACTIVE -> "active";
            case Bundle.STOPPING -> "stopping";
            default -> "uninstalled";
        };
    }
}
