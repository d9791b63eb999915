// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.syscall;

import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A service that sees system calls before and after their handlers. Interceptors of one number are asked by descending
 * {@code service.ranking}, and in the opposite order afterwards. Numbers without one cost nothing.
 *
 * <p>What {@link #before} reads by {@link Task#memory} is kept as long as the call lasts, and the handler is given the very same
 * bytes, whatever other threads have written there meanwhile: strings and what is copied in, up to {@link #MAX_KEPT_BYTES}, beyond
 * which reading fails with E2BIG. Futex words and buffers ({@link org.jvisor.api.mm.UserMemory#range}) are not kept.
 *
 * <p>Each interceptor is asked once a call: a call that begins again inside the kernel, because its handler is replaced or after a
 * stop or a signal without a handler, keeps the decision and the bytes. So does one that the program makes anew when it returns from
 * a signal's handler with SA_RESTART; if it never returns there (siglongjmp(3)), or has interrupted too many such calls by handlers
 * that were interrupted themselves, {@link #after} is not called for it.
 */
@ConsumerType
public interface SyscallInterceptor {

    /** {@link #before}'s answer: let the call go on. */
    long PASS = Long.MIN_VALUE;

    /** The longest time that {@link #passAfter} takes. */
    long MAX_DELAY_NS = 1L << 62;

    int MAX_KEPT_BYTES = 64 << 10;

    int[] numbers();

    /** Which containers' calls are seen; asked at each call, so it should be quick. */
    default boolean covers(Container container) {
        return true;
    }

    /** @return {@link #PASS}, {@link #passAfter}, or what the call shall return, without its handler being asked */
    long before(Task task, Arguments arguments);

    /**
     * @param result of the call; a kernel-internal {@code -ERESTART…} when the task ends meanwhile
     * @return what the call shall return; {@code result} to leave it
     */
    default long after(Task task, Arguments arguments, long result) {
        return result;
    }

    /**
     * {@link #before}'s answer: let the call go on when this time has passed. Signals interrupt the call meanwhile as they do any
     * other wait; when it begins again inside the kernel, what is left of the time is waited for.
     */
    static long passAfter(long delayNs) {
        return PASS + Math.clamp(delayNs, 0, MAX_DELAY_NS);
    }
}
