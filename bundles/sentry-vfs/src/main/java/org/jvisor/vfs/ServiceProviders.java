// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystemType;
import org.osgi.framework.ServiceReference;

/** {@link Providers} from the service registry, highest ranking first; a service is got when it is first asked for. */
final class ServiceProviders implements Providers {

    private final Registered<FileSystemType> types;
    private final Registered<DeviceDriver> drivers;

    ServiceProviders(Function<ServiceReference<FileSystemType>, FileSystemType> locateType,
            Function<ServiceReference<DeviceDriver>, DeviceDriver> locateDriver) {
        types = new Registered<>(locateType);
        drivers = new Registered<>(locateDriver);
    }

    void addType(ServiceReference<FileSystemType> reference) {
        types.add(reference);
    }

    void removeType(ServiceReference<FileSystemType> reference) {
        types.remove(reference);
    }

    void addDriver(ServiceReference<DeviceDriver> reference) {
        drivers.add(reference);
    }

    void removeDriver(ServiceReference<DeviceDriver> reference) {
        drivers.remove(reference);
    }

    @Override
    public FileSystemType type(String name) {
        for (FileSystemType type : types.services()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }

    @Override
    public List<FileSystemType> types() {
        Map<String, FileSystemType> best = new LinkedHashMap<>();
        for (FileSystemType type : types.services()) {
            best.putIfAbsent(type.name(), type);
        }
        return List.copyOf(best.values());
    }

    @Override
    public DeviceDriver driver(int major, int minor) {
        for (DeviceDriver driver : drivers.services()) {
            if (driver.major() == major && driver.firstMinor() <= minor && minor <= driver.lastMinor()) {
                return driver;
            }
        }
        return null;
    }

    /** Services of one kind, in the order in which they are asked. */
    private static final class Registered<S> {

        private final Function<ServiceReference<S>, S> locate;
        private final ConcurrentSkipListMap<ServiceReference<S>, Boolean> references =
                new ConcurrentSkipListMap<>((a, b) -> b.compareTo(a));
        private volatile List<S> services;

        Registered(Function<ServiceReference<S>, S> locate) {
            this.locate = locate;
        }

        void add(ServiceReference<S> reference) {
            references.put(reference, true);
            services = null;
        }

        void remove(ServiceReference<S> reference) {
            references.remove(reference);
            services = null;
        }

        List<S> services() {
            List<S> known = services;
            if (known == null) {
                known = references.keySet().stream().map(locate).filter(s -> s != null).toList();
                services = known;
            }
            return known;
        }
    }
}
