// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.osgi.framework.AllServiceListener;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.hooks.resolver.ResolverHook;
import org.osgi.framework.hooks.resolver.ResolverHookFactory;
import org.osgi.framework.hooks.service.EventListenerHook;
import org.osgi.framework.hooks.service.FindHook;
import org.osgi.framework.hooks.service.ListenerHook;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;

/**
 * Bundles that are tried out: nobody but themselves and the framework finds their services, or hears of them, until they are admitted.
 * So a bundle that has started serves nobody before it is known to be good and has taken over from its predecessor, whatever its
 * ranking is; and one that hangs never does. Any thread.
 */
final class Probation implements FindHook, EventListenerHook {
    private final BundleContext context;
    private final Set<Bundle> onTrial = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean hooked = new AtomicBoolean();

    /** @param context the framework's */
    Probation(BundleContext context) {
        this.context = context;
    }

    /** From now on, until {@link #admit}: before it starts. */
    void begin(Bundle bundle) {
        hook();
        onTrial.add(bundle);
    }

    /** Nothing is hooked as long as no bundle comes: it would be in the way of the start. */
    private void hook() {
        if (hooked.compareAndSet(false, true)) {
            context.registerService(new String[] {FindHook.class.getName(), EventListenerHook.class.getName()}, this, null);
            context.registerService(ResolverHookFactory.class, triggers -> new Coexistence(), null);
        }
    }

    /** It is gone: nothing is kept of it. */
    void forget(Bundle bundle) {
        onTrial.remove(bundle);
    }

    /**
     * All find the bundle's services, and those who listen for such are told.
     *
     * @return false when the bundle was forgotten meanwhile, perhaps half-way
     */
    boolean admit(Bundle bundle) {
        if (!onTrial.remove(bundle)) {
            return false;
        }
        List<ListenerHook.ListenerInfo> listeners = listeners();
        ServiceReference<?>[] references = bundle.getRegisteredServices();
        for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
            for (ListenerHook.ListenerInfo listener : listeners) {
                if (bundle.getState() != Bundle.ACTIVE) {
                    return false;
                }
                tell(listener, reference);
            }
        }
        return true;
    }

    /** A hook that comes is told of all who listen. */
    private List<ListenerHook.ListenerInfo> listeners() {
        List<ListenerHook.ListenerInfo> found = new ArrayList<>();
        ListenerHook hook = new ListenerHook() {
            @Override
            public void added(Collection<ListenerInfo> listeners) {
                found.addAll(listeners);
            }

            @Override
            public void removed(Collection<ListenerInfo> listeners) {
                // it is there for a moment
            }
        };
        context.registerService(ListenerHook.class, hook, null).unregister();
        return found;
    }

    /** What was withheld from it when the service was registered. */
    private static void tell(ListenerHook.ListenerInfo info, ServiceReference<?> reference) {
        BundleContext owner = info.getBundleContext();
        if (info.isRemoved() || !hides(reference.getBundle(), owner) || !wants(info, reference)) {
            return;
        }
        // The hook of the specification names who listens, not the listener: the framework's own class does.
        ServiceListener listener = (ServiceListener) ((org.apache.felix.framework.util.ListenerInfo) info).getListener();
        if (listener instanceof AllServiceListener || isAssignable(reference, owner.getBundle())) {
            listener.serviceChanged(new ServiceEvent(ServiceEvent.REGISTERED, reference));
        }
    }

    private static boolean wants(ListenerHook.ListenerInfo info, ServiceReference<?> reference) {
        if (info.getFilter() == null) {
            return true;
        }
        try {
            Filter filter = FrameworkUtil.createFilter(info.getFilter());
            return filter.match(reference);
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException("a filter that is in use: " + info.getFilter(), e);
        }
    }

    private static boolean isAssignable(ServiceReference<?> reference, Bundle listening) {
        for (String type : (String[]) reference.getProperty(Constants.OBJECTCLASS)) {
            if (!reference.isAssignableTo(listening, type)) {
                return false;
            }
        }
        return true;
    }

    /** Whether services of {@code bundle} are withheld from {@code other} while it is tried. */
    private static boolean hides(Bundle bundle, BundleContext other) {
        Bundle asking;
        try {
            asking = other.getBundle();
        } catch (IllegalStateException e) {
            // It has stopped meanwhile.
            return false;
        }
        return asking != bundle && asking.getBundleId() != Constants.SYSTEM_BUNDLE_ID;
    }

    @Override
    public void find(BundleContext asking, String name, String filter, boolean all, Collection<ServiceReference<?>> references) {
        if (!onTrial.isEmpty()) {
            references.removeIf(reference -> onTrial.contains(reference.getBundle()) && hides(reference.getBundle(), asking));
        }
    }

    @Override
    public void event(ServiceEvent event, Map<BundleContext, Collection<ListenerHook.ListenerInfo>> listeners) {
        Bundle bundle = event.getServiceReference().getBundle();
        if (bundle != null && onTrial.contains(bundle)) {
            for (BundleContext listening : List.copyOf(listeners.keySet())) {
                if (hides(bundle, listening)) {
                    listeners.remove(listening);
                }
            }
        }
    }

    /** A bundle and the one that takes its place are there side by side for a while, though there is to be one of the name. */
    private static final class Coexistence implements ResolverHook {

        @Override
        public void filterResolvable(Collection<BundleRevision> candidates) {
            // all are
        }

        @Override
        public void filterSingletonCollisions(BundleCapability singleton, Collection<BundleCapability> collisions) {
            collisions.clear();
        }

        @Override
        public void filterMatches(BundleRequirement requirement, Collection<BundleCapability> candidates) {
            // all do
        }

        @Override
        public void end() {
            // nothing is kept
        }
    }
}
