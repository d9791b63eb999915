// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The shared object that every program finds through AT_SYSINFO_EHDR (vdso(7)), and the page of clock parameters that it reads.
 * A service.
 */
@ProviderType
public interface Vdso {

    /** Called once at boot, after {@link Memory#start}. */
    void start(Memory memory);

    /**
     * Maps both into {@code manager}, as execve(2) does.
     *
     * @return the address of its ELF header, or a negative errno
     */
    long map(Task task, MemoryManager manager);
}
