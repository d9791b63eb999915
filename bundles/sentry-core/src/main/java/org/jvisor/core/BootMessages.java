// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import org.jvisor.api.kernel.Kernel;

/** What dmesg(1) shows of the sandbox's boot. */
final class BootMessages {

    private static final int NOTICE = 5;
    private static final int INFO = 6;

    private final KernelImpl kernel;

    BootMessages(KernelImpl kernel) {
        this.kernel = kernel;
    }

    void log() {
        Kernel.KernelLog log = kernel.log();
        log.log(NOTICE, "Linux version " + kernel.options().release() + " (jvisor@sentry) " + Kernel.VERSION);
        log.log(INFO, "jVisor: an application kernel of OSGi bundles, no part of it is Linux");
        log.log(INFO, "Memory: " + (kernel.memory().file().limit() >> 10) + "K available in one memory file");
        log.log(INFO, "smp: Brought up 1 node, " + kernel.cpus() + " CPUs");
        log.log(INFO, "platform: applications run by " + kernel.platform().name());
        log.log(INFO, "VFS: Mounted root (9p filesystem) by way of the gofer");
        log.log(INFO, "Run the container's first process as init process");
    }
}
