// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
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
 * What has to happen while two versions of a bundle are there: the new one has started, and the old one has yet to be withdrawn. An
 * exception leaves the old one as it is.
 */
final class Succession {
    private final BundleContext context;

    Succession(BundleContext context) {
        this.context = context;
    }

    /**
     * Not to be given up from outside: once the kernel is handed over, the old one has nothing left to go on with.
     *
     * @param limitMillis for each step of a hand-over
     * @return what was handed over and how long that took, for people; empty: there was nothing to hand over
     */
    String run(Bundle old, Bundle fresh, long limitMillis) throws BundleException {
        requireServices(old, fresh);
        requireCalls(old);
        return handOver(old, fresh, limitMillis);
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

    /** Both answer system calls by now; what the old one answers has to be answered by somebody once it is gone. */
    private void requireCalls(Bundle old) throws BundleException {
        ServiceReference<Kernel> kernel = context.getServiceReference(Kernel.class);
        String lost = kernel == null ? "" : withServices(old, services -> context.getService(kernel).unanswered(services::contains));
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
            return question.of(services);
        } finally {
            held.forEach(context::ungetService);
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

    /** The objects of the kernel that the old one does the work for go over to the new one. */
    private String handOver(Bundle old, Bundle fresh, long limitMillis) throws BundleException {
        ServiceReference<Handover> handover = context.getServiceReference(Handover.class);
        ServiceReference<?> before = driver(old);
        if (handover == null || before == null) {
            return "";
        }
        ServiceReference<?> after = driver(fresh);
        if (after == null) {
            throw new BundleException("it has no driver that could take over from the one that is there");
        }
        try {
            Driver goes = (Driver) context.getService(before);
            Replacement replacement = new Replacement(goes::owns, goes, (Driver) context.getService(after), new Services(old));
            Handover.Report report = context.getService(handover).replace(replacement, TimeUnit.MILLISECONDS.toNanos(limitMillis));
            return ", which took over " + report.objects() + " objects in " + TimeUnit.NANOSECONDS.toMillis(report.pause().ns()) + " ms";
        } catch (StateException e) {
            throw new BundleException(e.getMessage(), e);
        } finally {
            context.ungetService(before);
            context.ungetService(after);
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
        ServiceReference<Handover> handover = context.getServiceReference(Handover.class);
        try {
            Handover.RoundTrip done = context.getService(handover).roundTrip(references.stream().map(context::getService).toList(),
                TimeUnit.MILLISECONDS.toNanos(limitMillis));
            StringBuilder text = new StringBuilder();
            done.types().forEach((type, count) -> text.append(count).append('\t').append(type).append('\n'));
            return text.append(done.types().values().stream().mapToInt(Integer::intValue).sum()).append(" objects, ").append(done.bytes())
                .append(" bytes, in ").append(TimeUnit.NANOSECONDS.toMillis(done.pause().ns())).append(" ms").toString();
        } catch (StateException e) {
            throw new BundleException(e.getMessage(), e);
        } finally {
            references.forEach(context::ungetService);
            context.ungetService(handover);
        }
    }

    private static void stop(Bundle bundle) {
        try {
            bundle.stop();
        } catch (BundleException e) {
            throw new IllegalStateException("withdrawing the old one: " + e.getMessage(), e);
        }
    }

    private record Services(Bundle old) implements Replacement.Services {
        @Override
        public void offer() {}

        @Override
        public void revoke() {}

        @Override
        public void withdraw() {
            stop(old);
        }
    }

    /** Refuses to take a bundle away that something of the kernel's would be without code without. */
    void refuseInUse(Bundle bundle) throws BundleException {
        ServiceReference<Handover> handover = context.getServiceReference(Handover.class);
        if (handover == null) {
            return;
        }
        ServiceReference<?> driver = driver(bundle);
        try {
            Predicate<Object> owned = driver != null ? ((Driver) context.getService(driver))::owns
                : object -> FrameworkUtil.getBundle(object.getClass()) == bundle;
            List<String> users = withServices(bundle,
                services -> context.getService(handover).withdraw(object -> services.contains(object) || owned.test(object), () -> { }, Handover.LIMIT_NS));
            if (!users.isEmpty()) {
                throw new BundleException(bundle.getSymbolicName() + " is in use: it does the work for " + String.join(", ", users));
            }
        } catch (StateException e) {
            throw new BundleException(e.getMessage(), e);
        } finally {
            if (driver != null) {
                context.ungetService(driver);
            }
        }
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
}
