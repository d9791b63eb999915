// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.lang.reflect.Field;
import java.util.Map;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.framework.launch.Framework;

/**
 * Felix (7.0.5) keeps of each bundle that has used a service of another how often it does so, which is not at all once it has been
 * stopped, as long as that other is there: so for ever, with all that a bundle's object holds. Here it is taken out when the bundle is
 * uninstalled. ReplacementsTest would see it come back.
 */
final class UsedServices implements SynchronousBundleListener {

    private final Map<?, ?> byBundle;

    /** @throws IllegalStateException if the framework is not one that is known here */
    UsedServices(Framework framework) {
        byBundle = (Map<?, ?>) field(field(framework, "m_registry"), "m_inUseMap");
    }

    private static Object field(Object object, String name) {
        try {
            Field field = object.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(object);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("another framework than expected", e);
        }
    }

    @Override
    public void bundleChanged(BundleEvent event) {
        if (event.getType() == BundleEvent.UNINSTALLED) {
            byBundle.remove(event.getBundle());
        }
    }
}
