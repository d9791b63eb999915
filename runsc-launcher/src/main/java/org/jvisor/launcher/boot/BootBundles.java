// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jvisor.host.choice.HostChoice;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.connect.ConnectContent;
import org.osgi.framework.connect.ConnectModule;
import org.osgi.framework.connect.ModuleConnector;

/**
 * The bundles that the sandbox boots with, connected to the framework (OSGi Connect) rather than read from jars. Bundles that are
 * installed later are ordinary ones, with class loaders of their own.
 */
final class BootBundles implements ModuleConnector {
    /** Of their locations. */
    static final String PREFIX = "boot:";

    private static final String HOST = "host-";

    private final Map<String, ConnectModule> modules = new LinkedHashMap<>();
    private final Map<String, String> digests = new HashMap<>();

    BootBundles(List<BundleIndex.Entry> index) {
        String host = HOST + HostChoice.name();
        for (BundleIndex.Entry entry : index) {
            if (entry.symbolicName().startsWith(HOST) && !entry.symbolicName().equals(host)) {
                // One bundle serves as the host; the other one's classes need not even be there.
                continue;
            }
            ConnectContent content = new Content(entry);
            modules.put(PREFIX + entry.symbolicName(), () -> content);
            digests.put(PREFIX + entry.symbolicName(), entry.digest());
        }
    }

    /** In the order in which to install them. */
    Iterable<String> locations() {
        return modules.keySet();
    }

    /** Of the jars that they were made of, by location. */
    Map<String, String> digests() {
        return digests;
    }

    @Override
    public void initialize(File storage, Map<String, String> configuration) {
        // nothing is kept from one start to the next
    }

    @Override
    public Optional<ConnectModule> connect(String location) {
        return Optional.ofNullable(modules.get(location));
    }

    @Override
    public Optional<BundleActivator> newBundleActivator() {
        return Optional.empty();
    }

    private record Content(BundleIndex.Entry bundle) implements ConnectContent {

        @Override
        public Optional<Map<String, String>> getHeaders() {
            return Optional.of(bundle.headers());
        }

        @Override
        public Iterable<String> getEntries() {
            return bundle.entries().keySet();
        }

        @Override
        public Optional<ConnectEntry> getEntry(String path) {
            byte[] bytes = bundle.entries().get(path);
            return bytes == null ? Optional.empty() : Optional.of(new InMemory(path, bytes));
        }

        @Override
        public Optional<ClassLoader> getClassLoader() {
            return Optional.of(BootBundles.class.getClassLoader());
        }

        @Override
        public void open() {
            // all is in memory
        }

        @Override
        public void close() {
            // all is in memory
        }
    }

    private record InMemory(String name, byte[] bytes) implements ConnectContent.ConnectEntry {

        @Override
        public String getName() {
            return name;
        }

        @Override
        public long getContentLength() {
            return bytes.length;
        }

        @Override
        public long getLastModified() {
            return 0;
        }

        @Override
        public InputStream getInputStream() {
            return new ByteArrayInputStream(bytes);
        }
    }
}
