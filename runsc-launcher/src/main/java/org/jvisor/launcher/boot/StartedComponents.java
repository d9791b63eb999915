// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/**
 * Whether the components of a bundle that has started work: the component runtime only logs what is wrong with a component, and
 * constructs most of them no sooner than somebody uses them. Its services stay in use until they are released, so that they are made
 * once, and not again when no program runs.
 */
final class StartedComponents {
    private final BundleContext context;
    private final Bundle bundle;
    private final SealedCalls sealed;
    /** Those that it uses; of the one thread that checks, and afterwards of the one that releases. */
    private final List<ServiceReference<?>> held = new ArrayList<>();

    StartedComponents(BundleContext context, Bundle bundle, SealedCalls sealed) {
        this.sealed = sealed;
        this.context = context;
        this.bundle = bundle;
    }

    /** @param expected how many components the bundle describes */
    void check(int expected) throws BundleException {
        List<String> missing = useServices();
        if (expected > 0) {
            checkComponents(expected);
        }
        if (!missing.isEmpty()) {
            throw new BundleException("it has no object for its service " + missing.getFirst());
        }
    }

    private void checkComponents(int expected) throws BundleException {
        ServiceReference<ServiceComponentRuntime> reference = context.getServiceReference(ServiceComponentRuntime.class);
        ServiceComponentRuntime runtime = reference == null ? null : context.getService(reference);
        if (runtime == null) {
            return;
        }
        List<ComponentDescriptionDTO> components = List.copyOf(runtime.getComponentDescriptionDTOs(bundle));
        if (components.size() < expected) {
            throw new BundleException("the component runtime takes " + components.size() + " of its " + expected
                + " descriptions of components: the Sentry's log tells more");
        }
        for (ComponentDescriptionDTO component : components) {
            for (ComponentConfigurationDTO configuration : runtime.getComponentConfigurationDTOs(component)) {
                if (configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
                    throw new BundleException(component.implementationClass + " failed: "
                        + MissingServices.firstLines(configuration.failure));
                }
            }
        }
    }

    /** What its components still wait for, for people; empty: nothing. */
    String waiting() {
        ServiceReference<ServiceComponentRuntime> reference = context.getServiceReference(ServiceComponentRuntime.class);
        ServiceComponentRuntime runtime = reference == null ? null : context.getService(reference);
        StringBuilder text = new StringBuilder();
        if (runtime != null) {
            for (ComponentDescriptionDTO component : runtime.getComponentDescriptionDTOs(bundle)) {
                for (ComponentConfigurationDTO configuration : runtime.getComponentConfigurationDTOs(component)) {
                    for (UnsatisfiedReferenceDTO unsatisfied : configuration.unsatisfiedReferences) {
                        text.append("; ").append(component.implementationClass).append(" waits for ")
                            .append(MissingServices.needed(component, unsatisfied.name));
                    }
                }
            }
        }
        return text.toString();
    }

    /**
     * Each of its services is made once.
     *
     * @return the types of those that could not be had
     */
    private List<String> useServices() throws BundleException {
        List<String> missing = new ArrayList<>();
        ServiceReference<?>[] references = bundle.getRegisteredServices();
        for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
            Set<String> types = Set.of((String[]) reference.getProperty(Constants.OBJECTCLASS));
            Object service = context.getService(reference);
            if (service == null) {
                missing.add(String.join(", ", types));
                continue;
            }
            held.add(reference);
            check(service, types);
            refuseBeyondSeal(service);
        }
        return missing;
    }

    /** Others use them by now, or nobody will: which may be the end of a component, by the bundle's code. */
    void release() {
        held.forEach(context::ungetService);
        held.clear();
    }

    private static void check(Object service, Set<String> types) throws BundleException {
        try {
            OfferedServices.check(service, types);
        } catch (IllegalArgumentException e) {
            throw new BundleException(service.getClass().getName() + ": " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            throw new BundleException(service.getClass().getName() + " fails when it is asked about itself: " + e, e);
        }
    }

    /** One call that the seal does not allow would end the sandbox (seccomp(2), SECCOMP_RET_KILL_PROCESS). */
    private void refuseBeyondSeal(Object service) throws BundleException {
        if (service instanceof HostCaller caller) {
            Optional<HostCall> missing = sealed.missing(caller.hostCalls());
            if (missing.isPresent()) {
                throw new BundleException(service.getClass().getName() + " asks for the host's " + SyscallNr.name(missing.get().number())
                    + (missing.get().conditions().isEmpty() ? "" : " with arguments") + ", which the seal of this sandbox does not allow");
            }
        }
    }
}
