// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.Replacement;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceFactory;

/** Does at its bundle's start, or end, what the bundle's file "evil" says. */
public final class EvilActivator implements BundleActivator {

    private static String deed() throws IOException {
        try (InputStream in = EvilActivator.class.getResourceAsStream("/evil")) {
            return new String(in.readAllBytes());
        }
    }

    @Override
    public void start(BundleContext context) throws Exception {
        switch (deed()) {
            case "throw" -> throw new IllegalStateException("no good");
            case "error" -> throw new LinkageError("no good");
            case "hang" -> hang();
            case "threads" -> {
                for (int i = 0; i < 4; i++) {
                    new Thread(EvilActivator::hang, "evil").start();
                }
            }
            case "stop itself" -> context.getBundle().stop();
            case "uninstall itself" -> context.getBundle().uninstall();
            case "install another" -> context.installBundle("another", new ByteArrayInputStream(SwapBundleBytes.of(context))).start();
            case "no service" -> context.registerService(Runnable.class, factory(null), null);
            case "wrong service" -> context.registerService(new String[] {Runnable.class.getName()}, factory("no Runnable"), null);
            case "many services" -> {
                for (int i = 0; i < 5000; i++) {
                    context.registerService(Runnable.class, () -> { }, null);
                }
            }
            case "hand over" -> {
                Handover handover = context.getService(context.getServiceReference(Handover.class));
                handover.replace(new Replacement(object -> false, null, null, Replacement.NO_SERVICES), Handover.LIMIT_NS);
            }
            case "hide" -> Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> { });
            default -> List.of();
        }
    }

    private static <S> ServiceFactory<Runnable> factory(S service) {
        return new ServiceFactory<>() {
            @Override
            @SuppressWarnings("unchecked")
            public Runnable getService(org.osgi.framework.Bundle bundle, org.osgi.framework.ServiceRegistration<Runnable> registration) {
                return (Runnable) (Object) service;
            }

            @Override
            public void ungetService(org.osgi.framework.Bundle bundle, org.osgi.framework.ServiceRegistration<Runnable> registration,
                    Runnable given) {
                // nothing was made
            }
        };
    }

    private static void hang() {
        while (!Thread.currentThread().isVirtual()) {
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException e) {
                // It does not hear of that either.
            }
        }
    }

    @Override
    public void stop(BundleContext context) throws Exception {
        switch (deed()) {
            case "throw at the end" -> throw new IllegalStateException("no good");
            case "error at the end" -> throw new LinkageError("no good");
            case "hang at the end" -> hang();
            default -> List.of();
        }
    }

    /** The bundle that it brings along. */
    private static final class SwapBundleBytes {
        static byte[] of(BundleContext context) throws IOException {
            try (InputStream in = context.getBundle().getEntry("another.jar").openStream()) {
                return in.readAllBytes();
            }
        }
    }
}
