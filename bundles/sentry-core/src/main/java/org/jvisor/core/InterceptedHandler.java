// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.syscall.SyscallInterceptor;

/** A handler with the interceptors that see its calls. */
final class InterceptedHandler implements SyscallHandler {

    private final SyscallInterceptor[] chain;
    private final SyscallHandler handler;

    InterceptedHandler(List<SyscallInterceptor> chain, SyscallHandler handler) {
        this.chain = chain.toArray(SyscallInterceptor[]::new);
        this.handler = handler;
    }

    @Override
    public long call(Task task, Arguments arguments) {
        long result = SyscallInterceptor.PASS;
        int asked = 0;
        while (asked < chain.length && result == SyscallInterceptor.PASS) {
            result = chain[asked++].before(task, arguments);
        }
        if (result == SyscallInterceptor.PASS) {
            result = handle(task, arguments);
        }
        while (asked > 0) {
            result = chain[--asked].after(task, arguments, result);
        }
        return result;
    }

    /** Interceptors see an error that is thrown like one that is returned. */
    private long handle(Task task, Arguments arguments) {
        try {
            return handler.call(task, arguments);
        } catch (ErrnoException e) {
            return -e.errno();
        }
    }

    /** Whether {@code other} does the same, so that its slot need not count as replaced. */
    boolean isSameAs(SyscallHandler other) {
        return other instanceof InterceptedHandler o && o.handler == handler && Arrays.equals(o.chain, chain);
    }
}
