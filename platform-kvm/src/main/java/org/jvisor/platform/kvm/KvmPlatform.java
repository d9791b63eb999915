// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.kvm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.osgi.service.component.annotations.Component;

/**
 * The name "kvm" in the list of platforms. This build cannot run applications in a virtual machine; the probe says so, and
 * nothing but it and the name can be called with success.
 */
@Component(service = Platform.class)
public final class KvmPlatform implements Platform {

    @Override
    public String name() {
        return "kvm";
    }

    @Override
    public Probe probe() {
        return new Probe(false, 0, "this build of jVisor cannot run applications by KVM");
    }

    @Override
    public void start(int memoryFd) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    @Override
    public AddressSpace newAddressSpace() {
        throw notStarted();
    }

    @Override
    public Context newContext(AddressSpace space) {
        throw notStarted();
    }

    @Override
    public void stop() {
        // Nothing has been started.
    }

    private static IllegalStateException notStarted() {
        return new IllegalStateException("the platform has not been started");
    }
}
