// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.Vdso;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.Replacement;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.vfs.Ptys;
import org.jvisor.api.vfs.Vfs;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The kernel as a service. */
@Component(service = {Kernel.class, HostCaller.class, Handover.class})
public final class KernelComponent extends KernelImpl implements HostCaller, Handover {

    @Activate
    public KernelComponent(@Reference HostKernel host, @Reference Memory memory, @Reference Vdso vdso, @Reference Vfs vfs,
            @Reference KernelClock clock) {
        super(host, memory, vdso, vfs, clock);
    }

    @Override
    public List<HostCall> hostCalls() {
        return HostCall.listOf(SyscallNr.GETRANDOM, SyscallNr.CLOSE);
    }

    @Reference(cardinality = ReferenceCardinality.AT_LEAST_ONE, policy = ReferencePolicy.DYNAMIC)
    void bindPlatform(Platform platform) {
        addPlatform(platform);
    }

    void unbindPlatform(Platform platform) {
        removePlatform(platform);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindFamily(SyscallFamily family, Map<String, Object> properties) {
        dispatcher().addFamily(family, ranking(properties), id(properties));
    }

    void unbindFamily(SyscallFamily family) {
        dispatcher().removeFamily(family);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindSocketFamily(SocketFamily family, Map<String, Object> properties) {
        socketFamilies().add(family, ranking(properties), id(properties));
    }

    void unbindSocketFamily(SocketFamily family) {
        socketFamilies().remove(family);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindInterceptor(SyscallInterceptor interceptor, Map<String, Object> properties) {
        dispatcher().addInterceptor(interceptor, ranking(properties), id(properties));
    }

    void unbindInterceptor(SyscallInterceptor interceptor) {
        dispatcher().removeInterceptor(interceptor);
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindHostFiles(HostFiles files) {
        devices().setHostFiles(files);
    }

    void unbindHostFiles(HostFiles files) {
        devices().unsetHostFiles(files);
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindPtys(Ptys ptys) {
        devices().setPtys(ptys);
    }

    void unbindPtys(Ptys ptys) {
        devices().unsetPtys(ptys);
    }

    @Override
    public Report replace(Replacement replacement, long limitNs) {
        return handover().replace(replacement, limitNs);
    }

    @Override
    public List<String> withdraw(Predicate<Object> owned, Runnable withdraw, long limitNs) {
        return handover().withdraw(owned, withdraw, limitNs);
    }

    @Override
    public RoundTrip roundTrip(List<? extends Driver> drivers, long limitNs) {
        return handover().roundTrip(drivers, limitNs);
    }

    @Deactivate
    void deactivate() {
        stop();
    }

    private static int ranking(Map<String, Object> properties) {
        return properties.get(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0;
    }

    private static long id(Map<String, Object> properties) {
        return (Long) properties.get(Constants.SERVICE_ID);
    }
}
