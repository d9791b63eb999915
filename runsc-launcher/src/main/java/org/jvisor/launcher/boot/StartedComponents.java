// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.Collection;
import java.util.Optional;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/**
 * Whether the components of a bundle that has started work: the component runtime only logs what is wrong with a component, and
 * constructs most of them no sooner than somebody uses them.
 */
final class StartedComponents {
    private final BundleContext context;
    private final Bundle bundle;
    private final SealedCalls sealed;

    StartedComponents(BundleContext context, Bundle bundle, SealedCalls sealed) {
        this.sealed = sealed;
        this.context = context;
        this.bundle = bundle;
    }

    /** @param expected how many components the bundle describes */
    void check(int expected) throws BundleException {
        useServices();
        ServiceReference<ServiceComponentRuntime> reference = context.getServiceReference(ServiceComponentRuntime.class);
        if (expected == 0 || reference == null) {
            return;
        }
        ServiceComponentRuntime runtime = context.getService(reference);
        Collection<ComponentDescriptionDTO> components = runtime.getComponentDescriptionDTOs(bundle);
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

    /** Each of its services is made once. */
    private void useServices() throws BundleException {
        ServiceReference<?>[] references = bundle.getRegisteredServices();
        for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
            Object service = context.getService(reference);
            if (service != null) {
                try {
                    refuseBeyondSeal(service);
                } finally {
                    context.ungetService(reference);
                }
            }
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
