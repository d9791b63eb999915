// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

/** Bundles that come, are replaced and go while the sandbox runs. */
final class RunningBundles {
    /** What is replaced by nobody yet: the core's own objects are the kernel's state, and everything else hangs on its API. */
    private static final Set<String> CORE = Set.of("sentry-api", "sentry-core", "sentry-mm", "sentry-vfs", "sentry-time", "assembler",
        "host-ffm", "host-jnr");
    private static final String[] FRAMEWORK = {"org.apache.felix.", "org.osgi."};

    /** Between the name of a bundle and the count that tells its versions apart. */
    private static final String VERSION_MARK = "#";
    private static final long LIMIT_MILLIS = 10_000;

    private final BundleContext context;
    private final ReentrantLock change = new ReentrantLock();
    private final WithdrawnBundles withdrawn = new WithdrawnBundles();
    /** Digests of jars by the location of their bundles; guarded by the lock, as is the count. */
    private final Map<String, String> digests;
    private int installations;
    private SealedCalls sealed;

    /** @param bootDigests of the jars that the boot bundles were made of, by location */
    RunningBundles(BundleContext context, Map<String, String> bootDigests) {
        this.context = context;
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
        BundleJar jar = BundleJar.read(bytes);
        if (!change.tryLock()) {
            throw new BundleException("another bundle is being installed or withdrawn: try again");
        }
        try {
            Bundle old = find(name, jar);
            StringBuilder handedOver = new StringBuilder();
            Bundle fresh = start(name, jar, old, handedOver, limitMillis == 0 ? LIMIT_MILLIS : limitMillis);
            digests.put(fresh.getLocation(), jar.digest());
            return old == null ? "installed " + describe(fresh) : withdraw(old, fresh) + handedOver;
        } finally {
            change.unlock();
        }
    }

    /** The bundle that a jar is to replace, or null. */
    private Bundle find(String name, BundleJar jar) throws BundleException {
        refuseCore(jar.symbolicName(), "replaced");
        Bundle old = null;
        for (Bundle bundle : context.getBundles()) {
            if (jar.symbolicName().equals(bundle.getSymbolicName())) {
                old = bundle;
            } else if (nameOf(bundle).equals(name)) {
                throw new BundleException("the name " + name + " is taken by " + describe(bundle));
            }
        }
        if (old != null && old.getVersion().equals(jar.version()) && jar.digest().equals(digests.get(old.getLocation()))) {
            throw new BundleException(describe(old) + " is there, from a jar with the same content");
        }
        return old;
    }

    /** @param handedOver receives what the old one's successor took over, for people */
    private Bundle start(String name, BundleJar jar, Bundle old, StringBuilder handedOver, long limitMillis) throws BundleException {
        Bundle fresh;
        try {
            fresh = context.installBundle(name + VERSION_MARK + ++installations, new ByteArrayInputStream(jar.bytes()));
        } catch (BundleException | IllegalArgumentException e) {
            throw new BundleException(jar.symbolicName() + " " + jar.version() + " is no bundle: " + e.getMessage(), e);
        }
        try {
            Timed.run(limitMillis, () -> {
                fresh.start();
                new StartedComponents(context, fresh, sealed).check(jar.components());
            }, () -> discard(fresh));
            if (old != null) {
                handedOver.append(new Succession(context).run(old, fresh, limitMillis));
            }
        } catch (BundleException e) {
            throw new BundleException(jar.symbolicName() + " " + jar.version() + " does not start"
                + (old == null ? "" : ", " + old.getVersion() + " goes on") + ": " + e.getMessage() + giveUp(fresh), e);
        }
        return fresh;
    }

    /** @return empty, or what people are to know of the end of a bundle that does not come to serve */
    private static String giveUp(Bundle fresh) {
        try {
            // One that hangs in its start goes when it comes back.
            if (fresh.getState() != Bundle.STARTING) {
                Timed.run(LIMIT_MILLIS, () -> discard(fresh), () -> { });
            }
            return "";
        } catch (BundleException e) {
            return "; withdrawing it: " + e.getMessage();
        }
    }

    /** One that was given up and has come back since may do the same in its own thread. */
    private static void discard(Bundle bundle) throws BundleException {
        try {
            bundle.uninstall();
        } catch (IllegalStateException e) {
            if (bundle.getState() != Bundle.UNINSTALLED) {
                throw e;
            }
        }
    }

    private String withdraw(Bundle old, Bundle fresh) {
        String done = "replaced " + describe(old) + " by " + fresh.getVersion();
        try {
            uninstall(old);
            return done;
        } catch (BundleException e) {
            // The new one serves: this is no failure of the installation.
            return done + "; withdrawing the old one: " + e.getMessage();
        }
    }

    /** Uninstalls a bundle by the name that it was installed by, or by its symbolic name. */
    String uninstall(String name) throws BundleException {
        if (!change.tryLock()) {
            throw new BundleException("another bundle is being installed or withdrawn: try again");
        }
        try {
            for (Bundle bundle : context.getBundles()) {
                if (bundle.getBundleId() != 0 && (nameOf(bundle).equals(name) || name.equals(bundle.getSymbolicName()))) {
                    refuseCore(bundle.getSymbolicName(), "withdrawn");
                    new Succession(context).refuseInUse(bundle);
                    uninstall(bundle);
                    return "withdrew " + describe(bundle);
                }
            }
        } finally {
            change.unlock();
        }
        throw new BundleException("no bundle " + name);
    }

    private void uninstall(Bundle bundle) throws BundleException {
        Runnable gone = withdrawn.prepare(bundle, line(bundle, "withdrawn"));
        Timed.run(LIMIT_MILLIS, bundle::uninstall, () -> { });
        digests.remove(bundle.getLocation());
        gone.run();
    }

    /**
     * Saves all that the bundles do the work for to a stream of bytes, and lets them take it over from there.
     *
     * @return what was saved and adopted, for people
     */
    String roundTrip() throws BundleException {
        if (!change.tryLock()) {
            throw new BundleException("a bundle is being installed or withdrawn: try again");
        }
        try {
            return new Succession(context).roundTrip(LIMIT_MILLIS);
        } finally {
            change.unlock();
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

    /** What a bundle was installed by. */
    private static String nameOf(Bundle bundle) {
        String location = bundle.getLocation();
        int mark = location.lastIndexOf(VERSION_MARK);
        return mark < 0 ? location : location.substring(0, mark);
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
        return bundle.getBundleId() + "\t" + state + "\t" + bundle.getSymbolicName() + "\t" + bundle.getVersion() + "\t"
            + bundle.getLocation() + "\n";
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
