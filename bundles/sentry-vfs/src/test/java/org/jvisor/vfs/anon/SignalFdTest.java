// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.wait.WaitQueue;

class SignalFdTest {

    private final WaitQueue signals = new WaitQueue();
    private final ThreadGroup group = proxy(ThreadGroup.class);
    private final Task task = proxy(Task.class);

    private <T> T proxy(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) ->
                switch (method.getName()) {
                    case "signalQueue" -> signals;
                    case "group" -> group;
                    case "pendingSignals" -> self == group ? Signals.bit(Signals.SIGUSR2) : 0L;
                    case "hashCode" -> 1;
                    default -> throw new UnsupportedOperationException(method.toString());
                }));
    }

    @Test
    void shouldPassThroughAStream() {
        SignalFdFile file = new SignalFdFile(task, Signals.bit(Signals.SIGUSR2));
        AtomicInteger wakes = new AtomicInteger();
        file.waitQueue().add(new WaitQueue.Entry(events -> wakes.incrementAndGet()), Poll.POLLIN);
        Forgetful.roundTrip(file);
        assertEquals(Poll.POLLIN | Poll.POLLRDNORM, file.poll(null));
        signals.wake(Poll.POLLIN);
        assertEquals(1, wakes.get());
        file.release(null);
        Forgetful.roundTrip(file);
        assertTrue(signals.isEmpty());
    }
}
