// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.syscall;

import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A service that sees system calls before and after their handlers. Interceptors of one number are asked by descending
 * {@code service.ranking}, and in the opposite order afterwards. Numbers without one cost nothing.
 */
@ConsumerType
public interface SyscallInterceptor {

    /** {@link #before}'s answer: let the call go on. */
    long PASS = Long.MIN_VALUE;

    int[] numbers();

    /** @return {@link #PASS}, or what the call shall return, without its handler being asked */
    long before(Task task, Arguments arguments);

    /** @return what the call shall return; {@code result} to leave it */
    default long after(Task task, Arguments arguments, long result) {
        return result;
    }
}
