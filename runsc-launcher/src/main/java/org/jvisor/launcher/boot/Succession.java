// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.Replacement;
import org.jvisor.api.state.StateException;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * What has to happen when a bundle that has been tried comes to serve, or one that serves goes: it is the kernel's state that is at
 * stake. An exception leaves everything as it was.
 */
final class Succession {
    /** A pause that is longer is explained. */
    private static final long LONG_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long WORTH_TELLING_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private final BundleContext context;
    private final Probation probation;

    Succession(BundleContext context, Probation probation) {
        this.context = context;
        this.probation = probation;
    }

    /** Lets a bundle serve that takes nobody's place. */
    void admit(Bundle fresh) throws BundleException {
        if (!probation.admit(fresh)) {
            throw new BundleException("it has stopped meanwhile");
        }
        requireTaken(fresh);
    }

    /**
     * Lets a bundle take another's place, which stops. Not to be given up from outside: once the kernel is handed over, the old one has
     * nothing left to go on with.
     *
     * @param limitMillis for each step
     * @return what was handed over and how long that took, for people
     */
    String replace(Bundle old, Bundle fresh, long limitMillis) throws BundleException {
        requireServices(old, fresh);
        ServiceReference<?> before = driver(old);
        ServiceReference<?> after = driver(fresh);
        if (before != null && after == null) {
            throw new BundleException("it has no driver that could take over from the one that is there");
        }
        try {
            return withServices(old, services -> {
                Replacement replacement = new Replacement(owned(old, services), service(before), before == null ? null : service(after),
                    new Services(old, fresh));
                Handover.Report report = handover().replace(replacement, TimeUnit.MILLISECONDS.toNanos(limitMillis));
                return ", which took over " + report.objects() + " objects in " + describe(report.pause());
            });
        } catch (StateException e) {
            throw new BundleException(e.getMessage(), e);
        } finally {
            unget(before);
            unget(after);
        }
    }

    private final class Services implements Replacement.Services {
        private final Bundle old;
        private final Bundle fresh;

        Services(Bundle old, Bundle fresh) {
            this.old = old;
            this.fresh = fresh;
        }

        @Override
        public void offer() {
            try {
                admit(fresh);
                requireCalls(old);
            } catch (BundleException e) {
                throw new StateException(e.getMessage(), e);
            }
        }

        @Override
        public void revoke() {
            try {
                RunningBundles.discard(fresh);
            } catch (BundleException e) {
                throw new StateException("withdrawing the new one: " + e.getMessage(), e);
            }
        }

        @Override
        public void withdraw() {
            stop(old);
        }
    }

    /** What others use of the old one has to be there in the new one. */
    private static void requireServices(Bundle old, Bundle fresh) throws BundleException {
        List<String> missing = new ArrayList<>(services(old));
        for (String service : services(fresh)) {
            missing.remove(service);
        }
        if (!missing.isEmpty()) {
            throw new BundleException("it does not offer " + String.join(", ", missing) + ", which the one that is there does");
        }
    }

    /** The kernel takes a service in while that is offered: what kept it from that is in the log of the component runtime. */
    private void requireTaken(Bundle fresh) throws BundleException {
        Kernel kernel = service(context.getServiceReference(Kernel.class));
        ServiceReference<?>[] references = fresh.getRegisteredServices();
        for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
            Object service = service(reference);
            try {
                for (String type : (String[]) reference.getProperty(Constants.OBJECTCLASS)) {
                    if (service != null && kernel.refuses(type, service)) {
                        throw new BundleException("the kernel does not take its " + service.getClass().getName()
                            + ": the Sentry's log tells more");
                    }
                }
            } finally {
                unget(reference);
            }
        }
    }

    /** Both answer system calls by now; what the old one answers has to be answered by somebody once it is gone. */
    private void requireCalls(Bundle old) throws BundleException {
        Kernel kernel = service(context.getServiceReference(Kernel.class));
        String lost = withServices(old, services -> kernel.unanswered(services::contains));
        if (!lost.isEmpty()) {
            throw new BundleException("it does not answer " + lost + ", as the one that is there does");
        }
    }

    private interface Question<T> {
        T of(Set<Object> services) throws BundleException;
    }

    /** Asks about a bundle's services; objects, which are told apart by identity. */
    private <T> T withServices(Bundle bundle, Question<T> question) throws BundleException {
        ServiceReference<?>[] references = bundle.getRegisteredServices();
        List<ServiceReference<?>> held = references == null ? List.of() : List.of(references);
        Set<Object> services = Collections.newSetFromMap(new IdentityHashMap<>());
        try {
            held.forEach(reference -> services.add(context.getService(reference)));
            services.remove(null);
            return question.of(services);
        } finally {
            held.forEach(this::unget);
        }
    }

    /** The types of its services, as often as it offers them. */
    private static List<String> services(Bundle bundle) {
        List<String> types = new ArrayList<>();
        ServiceReference<?>[] references = bundle.getRegisteredServices();
        for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
            types.addAll(List.of((String[]) reference.getProperty(Constants.OBJECTCLASS)));
        }
        return types;
    }

    /** The bundle's objects and services. */
    private Predicate<Object> owned(Bundle bundle, Set<Object> services) {
        ServiceReference<?> reference = driver(bundle);
        Driver driver = service(reference);
        unget(reference);
        Predicate<Object> own = driver != null ? driver::owns : object -> FrameworkUtil.getBundle(object.getClass()) == bundle;
        return object -> services.contains(object) || own.test(object);
    }

    /**
     * Takes a bundle away that nothing of the kernel's would be without code without.
     *
     * @param limitMillis for each step
     */
    void withdraw(Bundle bundle, long limitMillis) throws BundleException {
        try {
            List<String> users = withServices(bundle, services -> handover().withdraw(owned(bundle, services), () -> stop(bundle),
                TimeUnit.MILLISECONDS.toNanos(limitMillis)));
            if (!users.isEmpty()) {
                throw new BundleException(bundle.getSymbolicName() + " is in use: it does the work for " + String.join(", ", users));
            }
        } catch (StateException e) {
            throw new BundleException(e.getMessage(), e);
        }
    }

    private static void stop(Bundle bundle) {
        try {
            bundle.stop();
        } catch (BundleException e) {
            // Its own code has failed at its end, which it has come to.
            System.err.println("withdrawing " + bundle.getSymbolicName() + ": " + e);
        }
    }

    /** @return a line a type of object: how many were saved and adopted; and one for all */
    String roundTrip(long limitMillis) throws BundleException {
        List<ServiceReference<Driver>> references;
        try {
            references = List.copyOf(context.getServiceReferences(Driver.class, null));
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
        try {
            Handover.RoundTrip done = handover().roundTrip(references.stream().map(context::getService).toList(),
                TimeUnit.MILLISECONDS.toNanos(limitMillis));
            StringBuilder text = new StringBuilder();
            done.types().forEach((type, count) -> text.append(count).append('\t').append(type).append('\n'));
            return text.append(done.types().values().stream().mapToInt(Integer::intValue).sum()).append(" objects, ").append(done.bytes())
                .append(" bytes, in ").append(describe(done.pause())).toString();
        } catch (StateException e) {
            throw new BundleException(e.getMessage(), e);
        } finally {
            references.forEach(this::unget);
        }
    }

    private static String describe(Handover.Pause pause) {
        String text = TimeUnit.NANOSECONDS.toMillis(pause.ns()) + " ms";
        if (pause.ns() < LONG_NS) {
            return text;
        }
        StringJoiner steps = new StringJoiner(", ", " (", ")");
        for (Handover.Pause.Step step : pause.steps()) {
            if (step.ns() >= WORTH_TELLING_NS) {
                steps.add(step.name() + ": " + TimeUnit.NANOSECONDS.toMillis(step.ns()) + " ms");
            }
        }
        return text + steps;
    }

    private Handover handover() {
        return service(context.getServiceReference(Handover.class));
    }

    private static ServiceReference<?> driver(Bundle bundle) {
        ServiceReference<?>[] references = bundle.getRegisteredServices();
        for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
            if (List.of((String[]) reference.getProperty(Constants.OBJECTCLASS)).contains(Driver.class.getName())) {
                return reference;
            }
        }
        return null;
    }

    /** Null where there is none. */
    @SuppressWarnings("unchecked")
    private <T> T service(ServiceReference<?> reference) {
        return reference == null ? null : (T) context.getService(reference);
    }

    /** The bundle that offers it may be gone. */
    private void unget(ServiceReference<?> reference) {
        if (reference != null) {
            context.ungetService(reference);
        }
    }
}
