// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Vfs;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.ComponentContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * The vfs as a service. Kinds of file systems and drivers are asked for by reference and had when they are first needed: most of
 * them need the vfs themselves.
 */
@Component(service = Vfs.class)
public final class VfsComponent extends VfsImpl {

    private static final String TYPE = "FileSystemType";
    private static final String DRIVER = "DeviceDriver";

    private final ServiceProviders providers;

    @Activate
    public VfsComponent(ComponentContext context, @Reference Memory memory, @Reference KernelClock clock,
            @Reference HostKernel host) {
        this(memory, clock, host, new ServiceProviders(
                reference -> context.locateService(TYPE, reference),
                reference -> context.locateService(DRIVER, reference)));
    }

    private VfsComponent(Memory memory, KernelClock clock, HostKernel host, ServiceProviders providers) {
        super(memory, clock, host, providers);
        this.providers = providers;
    }

    @Reference(name = TYPE, service = FileSystemType.class, cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC)
    void addType(ServiceReference<FileSystemType> reference) {
        providers.addType(reference);
    }

    void removeType(ServiceReference<FileSystemType> reference) {
        providers.removeType(reference);
    }

    @Reference(name = DRIVER, service = DeviceDriver.class, cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC)
    void addDriver(ServiceReference<DeviceDriver> reference) {
        providers.addDriver(reference);
    }

    void removeDriver(ServiceReference<DeviceDriver> reference) {
        providers.removeDriver(reference);
    }
}
