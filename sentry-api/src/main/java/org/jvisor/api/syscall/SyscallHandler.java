// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.syscall;

import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Answers a system call. Stateless: what outlives a call is kept in kernel objects. Called by the task's own thread, blocking
 * style; every wait inside goes through the task, so that signals, exit and the replacement of the handler can end it.
 */
@ConsumerType
@FunctionalInterface
public interface SyscallHandler {

    /**
     * @return the result or a negative errno, among them the kernel-internal {@code -ERESTART…}, which make the call restart or
     *     end in EINTR as signal(7) says
     * @throws org.jvisor.api.abi.ErrnoException the same as returning its negative errno
     */
    long call(Task task, Arguments arguments);
}
