// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.CgroupNamespace;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.kernel.TimeNamespace;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskImpl;

/** Makes a container as its specification says: its namespaces, its mounts and its first process. */
public final class ContainerBuilder {

    private static final String DEFAULT_HOSTNAME = "jvisor";
    private static final String DEFAULT_DOMAIN = "(none)";

    private final KernelImpl kernel;
    private final ContainerDevices devices;
    private final ContainerSpec spec;

    public ContainerBuilder(KernelImpl kernel, ContainerDevices devices, ContainerSpec spec) {
        this.kernel = kernel;
        this.devices = devices;
        this.spec = spec;
    }

    public ContainerImpl build() {
        try (DonatedDescriptors donated = new DonatedDescriptors(kernel.host(), spec)) {
            ContainerImpl container = new ContainerImpl(kernel, devices, spec);
            ContainerMounts mounts = new ContainerMounts(kernel, spec, container.cgroup(), donated);
            container.setNamespaces(namespaces(container, mounts));
            boolean complete = false;
            try {
                container.setFirst(start(container, mounts, donated));
                complete = true;
            } finally {
                if (!complete) {
                    container.leaveNamespaces();
                }
            }
            return container;
        }
    }

    private StartedProcess start(ContainerImpl container, ContainerMounts mounts, DonatedDescriptors donated) {
        ContainerStdio stdio = new ContainerStdio(devices, spec.process(), donated);
        return new ProcessStart(kernel, container, spec.process(), stdio).make(container.useNamespaces(), task -> {
            mounts.mountAll(task);
            makeWorkingDirectory(task);
            mounts.protectRoot(task);
        });
    }

    private Namespaces namespaces(ContainerImpl container, ContainerMounts mounts) {
        UtsNamespace uts = new UtsNamespace(orDefault(spec.hostname(), DEFAULT_HOSTNAME), orDefault(spec.domainname(), DEFAULT_DOMAIN));
        Namespaces made = new Namespaces(mounts.root(), uts, new IpcNamespace(), container.pidNamespace(), container.netNamespace(),
                new CgroupNamespace(container.cgroup()), TimeNamespace.INITIAL);
        kernel.namespaceFiles().nameInitial(made);
        return made;
    }

    private static String orDefault(String value, String other) {
        return value == null || value.isEmpty() ? other : value;
    }

    /** As runc does, a missing one is made. */
    private void makeWorkingDirectory(TaskImpl task) {
        String directory = ProcessStart.directory(spec.process());
        try {
            new PathMaker(kernel, task).makeDirectories(directory);
        } catch (ErrnoException e) {
            throw new StartException("mkdir \"" + directory + "\": " + Failures.text(e), e.errno());
        }
    }
}
