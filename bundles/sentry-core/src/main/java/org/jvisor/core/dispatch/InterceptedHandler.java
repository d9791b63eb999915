// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.core.process.TaskImpl;

/**
 * A handler with the interceptors that see its calls. A call may come here several times, when it begins again: each interceptor is
 * asked the first time only, and hears of the end when it is one.
 */
public final class InterceptedHandler implements SyscallHandler {

    private final SyscallInterceptor[] chain;
    /** The service ids of the chain. */
    private final long[] ids;
    private final SyscallHandler handler;

    InterceptedHandler(SyscallInterceptor[] chain, long[] ids, SyscallHandler handler) {
        this.chain = chain;
        this.ids = ids;
        this.handler = handler;
    }

    @Override
    public long call(Task task, Arguments arguments) {
        return covers(task) ? call((TaskImpl) task, arguments) : handler.call(task, arguments);
    }

    private boolean covers(Task task) {
        for (SyscallInterceptor interceptor : chain) {
            if (interceptor.covers(task.container())) {
                return true;
            }
        }
        return false;
    }

    private long call(TaskImpl task, Arguments arguments) {
        Interception interception = task.beginInterception();
        task.useMemory(interception.memory.over(task.memory()));
        try {
            long result = ask(task, arguments, interception);
            if (result == SyscallInterceptor.PASS) {
                result = task.call().outcome(guarded(task, arguments, handler::call));
            }
            return beginsAgain(task, result) ? result : tell(task, arguments, interception, result);
        } finally {
            restoreMemory(task, interception);
        }
    }

    /** Unless execve(2) has given the task another memory. */
    private static void restoreMemory(TaskImpl task, Interception interception) {
        if (task.memory() == interception.memory) {
            task.useMemory(interception.memory.real());
        }
    }

    private long ask(TaskImpl task, Arguments arguments, Interception interception) {
        long result = interception.delayed() ? sleep(task, interception) : SyscallInterceptor.PASS;
        for (int i = 0; i < chain.length && result == SyscallInterceptor.PASS; i++) {
            SyscallInterceptor interceptor = chain[i];
            if (interception.wasAsked(ids[i]) || !interceptor.covers(task.container())) {
                continue;
            }
            interception.setAsked(ids[i]);
            interception.memory.keep(true);
            try {
                result = guarded(task, arguments, interceptor::before);
            } finally {
                interception.memory.keep(false);
            }
            if (result > SyscallInterceptor.PASS && result <= SyscallInterceptor.PASS + SyscallInterceptor.MAX_DELAY_NS) {
                interception.delay(result - SyscallInterceptor.PASS);
                result = sleep(task, interception);
            } else if (beginsAgain(task, result)) {
                // What was not decided is to be asked again.
                interception.setUnasked();
            }
        }
        return result;
    }

    /** @return PASS when the delay is over, -ERESTARTSYS when the call has to begin again or to end first */
    private static long sleep(TaskImpl task, Interception interception) {
        long slept;
        do {
            slept = task.sleep(interception.delayEndNs());
        } while (slept == 0);
        if (slept != -Errno.ETIMEDOUT) {
            return slept;
        }
        interception.endDelay();
        return SyscallInterceptor.PASS;
    }

    /** Whether the loop may dispatch a call with this result again: then its end is told by {@link #finish}. */
    private static boolean beginsAgain(TaskImpl task, long result) {
        return result < 0 && Errno.isRestart((int) -result) || task.call().beginsAgain(result);
    }

    /** The call has ended although its result had not said so. */
    public long finish(TaskImpl task, Arguments arguments, long result) {
        Interception interception = task.beginInterception();
        task.useMemory(interception.memory.over(task.memory()));
        try {
            return tell(task, arguments, interception, result);
        } finally {
            restoreMemory(task, interception);
        }
    }

    private long tell(TaskImpl task, Arguments arguments, Interception interception, long result) {
        long told = result;
        for (int i = chain.length - 1; i >= 0; i--) {
            if (interception.wasAsked(ids[i])) {
                told = chain[i].after(task, arguments, told);
            }
        }
        task.endInterception();
        return told;
    }

    /** Interceptors see an error that is thrown like one that is returned. */
    private static long guarded(TaskImpl task, Arguments arguments, SyscallHandler code) {
        try {
            return code.call(task, arguments);
        } catch (ErrnoException e) {
            return -e.errno();
        }
    }

    /** Whether {@code other} does the same, so that its slot need not count as replaced. */
    boolean isSameAs(SyscallHandler other) {
        if (!(other instanceof InterceptedHandler o) || o.handler != handler || o.chain.length != chain.length) {
            return false;
        }
        for (int i = 0; i < chain.length; i++) {
            // What equals says is a bundle's affair.
            if (o.chain[i] != chain[i]) {
                return false;
            }
        }
        return true;
    }
}
