// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.felix.framework.FrameworkFactory;
import org.jvisor.launcher.RunscException;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.wiring.FrameworkWiring;

/** The OSGi framework inside the Sentry: the boot bundles, and those that come later. */
final class SandboxFramework {
    /**
     * What bundles can import of the Java runtime and of the framework. Said here, since the framework would otherwise look at
     * every module of the runtime at each start.
     */
    private static final String SYSTEM_PACKAGES = "org.osgi.dto;version=1.1.1,org.osgi.framework;version=1.10.0,"
        + "org.osgi.framework.connect;version=1.0.0,org.osgi.framework.dto;version=1.8.0,"
        + "org.osgi.framework.hooks.bundle;version=1.1.0,org.osgi.framework.hooks.resolver;version=1.0.0,"
        + "org.osgi.framework.hooks.service;version=1.1.0,org.osgi.framework.hooks.weaving;version=1.1.0,"
        + "org.osgi.framework.launch;version=1.2.0,org.osgi.framework.namespace;version=1.2.0,"
        + "org.osgi.framework.startlevel;version=1.0.0,org.osgi.framework.startlevel.dto;version=1.0.0,"
        + "org.osgi.framework.wiring;version=1.2.0,org.osgi.framework.wiring.dto;version=1.3.0,"
        + "org.osgi.resource;version=1.0.1,org.osgi.resource.dto;version=1.0.1,"
        + "org.osgi.service.packageadmin;version=1.2.1,org.osgi.service.startlevel;version=1.1.1,"
        + "org.osgi.service.url;version=1.0.1,org.osgi.util.tracker;version=1.5.3,"
        + "com.sun.management,javax.management,javax.xml.parsers,org.w3c.dom,org.xml.sax,org.xml.sax.helpers,"
        + "java.io,java.lang,java.lang.annotation,java.lang.foreign,java.lang.invoke,java.lang.management,java.lang.ref,java.lang.reflect,java.math,"
        + "java.net,java.nio,java.nio.channels,java.nio.charset,java.nio.file,java.nio.file.attribute,java.security,java.text,"
        + "java.time,java.time.format,java.time.temporal,java.util,java.util.concurrent,java.util.concurrent.atomic,"
        + "java.util.concurrent.locks,java.util.function,java.util.jar,java.util.logging,java.util.regex,java.util.stream,"
        + "java.util.zip,jdk.jfr,sun.misc";
    private static final String SYSTEM_CAPABILITIES = "osgi.ee;osgi.ee=\"JavaSE\";version:List<Version>=\"1.8,9,11,17,21,25\","
        + "osgi.ee;osgi.ee=\"JavaSE/compact1\";version:List<Version>=\"1.8,9,11,17,21,25\"";

    private final Framework framework;
    private final BootBundles bootBundles;
    private final RunningBundles bundles;

    private SandboxFramework(Framework framework, BootBundles bootBundles) {
        this.framework = framework;
        this.bootBundles = bootBundles;
        bundles = new RunningBundles(framework.getBundleContext(), bootBundles.digests());
    }

    /**
     * Starts the framework and the boot bundles.
     *
     * @param storage an empty folder of this sandbox's own
     */
    static SandboxFramework start(String index, String storage) throws BundleException, IOException {
        BootBundles bundles = new BootBundles(BundleIndex.read(index));
        Map<String, String> configuration = new HashMap<>();
        configuration.put(Constants.FRAMEWORK_STORAGE, storage);
        configuration.put(Constants.FRAMEWORK_SYSTEMPACKAGES, SYSTEM_PACKAGES);
        configuration.put(Constants.FRAMEWORK_SYSTEMCAPABILITIES, SYSTEM_CAPABILITIES);
        // No bundle asks for URLs, and the storage is nobody else's.
        configuration.put("felix.service.urlhandlers", "false");
        configuration.put(Constants.FRAMEWORK_BSNVERSION, Constants.FRAMEWORK_BSNVERSION_MULTIPLE);
        configuration.put("felix.cache.locking", "false");
        // There is nothing to resolve in parallel that would be worth the threads.
        configuration.put("felix.resolver.parallelism", "1");
        configuration.put("felix.log.level", "1");
        configuration.put("ds.loglevel", "1");
        Framework framework = new FrameworkFactory().newFramework(configuration, bundles);
        framework.init();
        SandboxFramework started = new SandboxFramework(framework, bundles);
        started.startBundles();
        return started;
    }

    private void startBundles() throws BundleException {
        BundleContext context = framework.getBundleContext();
        List<Bundle> bundles = new ArrayList<>();
        for (String location : bootBundles.locations()) {
            bundles.add(context.installBundle(location));
        }
        framework.start();
        // All at once: the resolver's work is by the call rather than by the bundle.
        framework.adapt(FrameworkWiring.class).resolveBundles(bundles);
        for (Bundle bundle : bundles) {
            bundle.start();
        }
    }

    /** Waits for a service; what keeps it from coming is said in one line. */
    <T> T await(Class<T> type, long timeoutSeconds) throws InterruptedException {
        BundleContext context = framework.getBundleContext();
        CountDownLatch there = new CountDownLatch(1);
        try {
            context.addServiceListener(event -> {
                if (event.getType() == ServiceEvent.REGISTERED) {
                    there.countDown();
                }
            }, "(" + Constants.OBJECTCLASS + "=" + type.getName() + ")");
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
        ServiceReference<T> reference = context.getServiceReference(type);
        if (reference == null && there.await(timeoutSeconds, TimeUnit.SECONDS)) {
            reference = context.getServiceReference(type);
        }
        T service = reference == null ? null : context.getService(reference);
        if (service == null) {
            throw new RunscException("the Sentry did not come up: " + new MissingServices(context).explain(type.getName()));
        }
        return service;
    }

    /** All of this type that are there. */
    <T> List<T> services(Class<T> type) {
        BundleContext context = framework.getBundleContext();
        try {
            List<T> services = new ArrayList<>();
            for (ServiceReference<T> reference : context.getServiceReferences(type, null)) {
                T service = context.getService(reference);
                if (service != null) {
                    services.add(service);
                }
            }
            return services;
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Those that come and go while the sandbox runs. */
    RunningBundles bundles() {
        return bundles;
    }
}
