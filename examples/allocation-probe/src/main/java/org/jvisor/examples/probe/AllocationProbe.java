// SPDX-License-Identifier: Apache-2.0
package org.jvisor.examples.probe;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.osgi.service.component.annotations.Component;

/** System call 500: the bytes that the thread which serves the caller has allocated since it began. */
@Component
public final class AllocationProbe implements SyscallFamily {

    private static final int NUMBER = 500;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Override
    public String name() {
        return "allocation-probe";
    }

    @Override
    public CallTable calls() {
        return new CallTable((task, arguments) -> threads.getCurrentThreadAllocatedBytes()).full(NUMBER);
    }
}
