// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/** Follows a service that is not there to the ones that it waits for, down to the cause. */
final class MissingServices {
    private final BundleContext context;
    private final Set<String> seen = new HashSet<>();
    private final List<String> reasons = new ArrayList<>();

    MissingServices(BundleContext context) {
        this.context = context;
    }

    String explain(String service) {
        ServiceReference<ServiceComponentRuntime> reference = context.getServiceReference(ServiceComponentRuntime.class);
        if (reference == null) {
            return "no service component runtime";
        }
        follow(context.getService(reference), service);
        return String.join("; ", reasons);
    }

    private void follow(ServiceComponentRuntime runtime, String service) {
        if (!seen.add(service)) {
            return;
        }
        boolean offered = false;
        for (ComponentDescriptionDTO component : runtime.getComponentDescriptionDTOs()) {
            if (Arrays.asList(component.serviceInterfaces).contains(service)) {
                offered = true;
                follow(runtime, component, service);
            }
        }
        if (!offered) {
            reasons.add("no bundle offers " + service + inactive());
        }
    }

    private void follow(ServiceComponentRuntime runtime, ComponentDescriptionDTO component, String service) {
        for (ComponentConfigurationDTO configuration : runtime.getComponentConfigurationDTOs(component)) {
            if (configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
                reasons.add(component.implementationClass + " failed: " + firstLines(configuration.failure));
            }
            for (UnsatisfiedReferenceDTO unsatisfied : configuration.unsatisfiedReferences) {
                String needed = needed(component, unsatisfied.name);
                reasons.add(component.implementationClass + ", which offers " + simple(service) + ", waits for " + simple(needed));
                follow(runtime, needed);
            }
        }
    }

    static String needed(ComponentDescriptionDTO component, String reference) {
        return Arrays.stream(component.references).filter(one -> one.name.equals(reference)).map(one -> one.interfaceName)
            .findFirst().orElse(reference);
    }

    /** Bundles that did not start, which may be why. */
    private String inactive() {
        List<String> names = new ArrayList<>();
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getState() == Bundle.INSTALLED || bundle.getState() == Bundle.RESOLVED) {
                names.add(bundle.getSymbolicName());
            }
        }
        return names.isEmpty() ? "" : " (not started: " + String.join(", ", names) + ")";
    }

    private static String simple(String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }

    /** The messages of an exception and of its causes, without the stack. */
    static String firstLines(String failure) {
        StringBuilder text = new StringBuilder();
        for (String line : failure.split("\n")) {
            if (text.isEmpty() || line.startsWith("Caused by: ")) {
                text.append(text.isEmpty() ? "" : ", ").append(line.strip());
            }
        }
        return text.toString();
    }
}
