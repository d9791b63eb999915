// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.ffm.FfmHostKernel;

/** A file that does not know RWF_NOWAIT, as a terminal. */
class HostDescriptorTest {

    private static final int READERS = 2;

    private final HostKernel host = new FfmHostKernel();
    private final List<Thread> readers = new ArrayList<>();
    private final List<Long> results = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger promised = new AtomicInteger();

    /** A byte that poll(2) has told two readers of is one's; the other would wait in the host, where nothing could end it. */
    @Test
    @Timeout(120)
    void shouldNotPromiseAByteTwice() throws InterruptedException {
        long memory = host.allocate(16);
        host.syscall(SyscallNr.PIPE2, memory, 0);
        int readEnd = host.getInt(memory);
        int writeEnd = host.getInt(memory + Integer.BYTES);
        host.syscall(SyscallNr.WRITE, writeEnd, memory, 1);
        HostDescriptor descriptor = new HostDescriptor(withoutNoWait(), readEnd);
        for (int i = 0; i < READERS; i++) {
            readers.add(Thread.ofPlatform().daemon().unstarted(() -> results.add(descriptor.readNoWait(memory, 1))));
        }
        readers.forEach(Thread::start);
        for (Thread reader : readers) {
            reader.join();
        }
        Collections.sort(results);
        assertEquals(List.of((long) -Errno.EAGAIN, 1L), results);
        descriptor.close();
        host.syscall(SyscallNr.CLOSE, writeEnd);
        host.free(memory);
    }

    private HostKernel withoutNoWait() {
        return (HostKernel) Proxy.newProxyInstance(HostDescriptorTest.class.getClassLoader(), new Class<?>[] {HostKernel.class},
                (proxy, method, arguments) -> {
                    boolean call = method.getName().equals("syscall");
                    if (call && (Long) arguments[0] == SyscallNr.PREADV2) {
                        return (long) -Errno.EOPNOTSUPP;
                    }
                    Object result;
                    try {
                        result = method.invoke(host, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                    if (call && (Long) arguments[0] == SyscallNr.POLL && (Long) result > 0) {
                        promised.incrementAndGet();
                        awaitTheOther();
                    }
                    return result;
                });
    }

    /** Until it has been promised the byte as well, or cannot be. */
    private void awaitTheOther() {
        Thread other = readers.get(readers.getFirst() == Thread.currentThread() ? 1 : 0);
        while (promised.get() < READERS && other.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }
}
