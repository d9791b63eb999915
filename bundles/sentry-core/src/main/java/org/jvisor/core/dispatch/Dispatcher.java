// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.core.Ranked;

/**
 * Keeps the table of handlers in step with the services that come and go.
 *
 * <p>A call notes the generation of the table that it takes its handler from, then makes sure that this still is the current
 * table. So, after a new table has been published, every call inside a handler that the new one does not have shows in its
 * task's note, and {@link #awaitLeave} can interrupt it and see it go.
 */
public final class Dispatcher {

    private static final Logger LOG = System.getLogger("org.jvisor.core.dispatch");

    /** How long the withdrawal of a service waits for calls that do not end when they are interrupted. */
    private static final long LEAVE_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long LEAVE_POLL_NS = TimeUnit.MICROSECONDS.toNanos(100);

    /** One of each family. */
    private static final int[] ESSENTIAL = {SyscallNr.READ, SyscallNr.OPENAT, SyscallNr.MMAP, SyscallNr.EXIT_GROUP};
    private static final long ESSENTIALS_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);

    /** What of a task the dispatcher has to do with. */
    public interface Caller {

        /** The generation noted by the call that it is in; 0 or less outside of calls. */
        long generation();

        /** The number of its current or last call. */
        int callNumber();

        /** Makes its waits end, so that the call is dispatched anew. */
        void restartCall();
    }

    private record Family(SyscallFamily service, String name, int ranking, long id, SyscallHandler[] handlers) implements Ranked {

        /** Asks the service, which is a bundle's code. */
        static Family of(SyscallFamily service, int ranking, long id) {
            SyscallHandler[] handlers = new SyscallHandler[SyscallTable.NUMBERS];
            for (CallTable.Row row : service.calls().rows()) {
                handlers[inRange(row.number())] = Objects.requireNonNull(row.handler(), "a handler");
            }
            return new Family(service, service.name(), ranking, id, handlers);
        }

        BitSet numbers() {
            BitSet numbers = new BitSet(handlers.length);
            for (int number = 0; number < handlers.length; number++) {
                numbers.set(number, handlers[number] != null);
            }
            return numbers;
        }
    }

    private record Interceptor(SyscallInterceptor service, int ranking, long id, boolean[] numbers) implements Ranked {

        static Interceptor of(SyscallInterceptor service, int ranking, long id) {
            boolean[] numbers = new boolean[SyscallTable.NUMBERS];
            for (int number : service.numbers()) {
                numbers[inRange(number)] = true;
            }
            return new Interceptor(service, ranking, id, numbers);
        }
    }

    private static int inRange(int number) {
        if (number < 0 || number >= SyscallTable.NUMBERS) {
            throw new IllegalArgumentException("no number of a system call: " + number);
        }
        return number;
    }

    private final Mutex lock = new Mutex(LockRank.KERNEL);
    private final Supplier<? extends Iterable<? extends Caller>> callers;
    private final MissingCalls missing = new MissingCalls();

    /** Both guarded by the lock; highest ranking first. */
    private final List<Family> families = new ArrayList<>();
    private final List<Interceptor> interceptors = new ArrayList<>();
    /** The numbers that were answered when the kernel started: no program is to lose those. Guarded by the lock. */
    private final BitSet shipped = new BitSet(SyscallTable.NUMBERS);

    private volatile SyscallTable table = SyscallTable.first(missing);

    public Dispatcher(Supplier<? extends Iterable<? extends Caller>> callers) {
        this.callers = callers;
    }

    public SyscallTable table() {
        return table;
    }

    public long[] missingCalls() {
        return missing.counts();
    }

    /**
     * @param id service.id: of equal rankings the lowest wins, as everywhere in OSGi
     * @throws RuntimeException when what the service says about itself makes no sense: it is not taken then, see {@link #hasFamily}
     */
    public void addFamily(SyscallFamily service, int ranking, long id) {
        Family family = Family.of(service, ranking, id);
        try (Mutex _ = lock.take()) {
            families.add(family);
            families.sort(Ranked::compare);
            publish();
        }
    }

    /** Returns when no task is inside one of its handlers any more. */
    public void removeFamily(SyscallFamily service) {
        String name = "";
        try (Mutex _ = lock.take()) {
            for (Family family : List.copyOf(families)) {
                if (family.service == service) {
                    name = family.name;
                    families.remove(family);
                }
            }
            publish();
        }
        awaitLeave(name);
    }

    /** @throws RuntimeException as {@link #addFamily} */
    public void addInterceptor(SyscallInterceptor service, int ranking, long id) {
        Interceptor interceptor = Interceptor.of(service, ranking, id);
        try (Mutex _ = lock.take()) {
            interceptors.add(interceptor);
            interceptors.sort(Ranked::compare);
            publish();
        }
    }

    /** Returns when no task is inside it any more. */
    public void removeInterceptor(SyscallInterceptor service) {
        try (Mutex _ = lock.take()) {
            interceptors.removeIf(interceptor -> interceptor.service == service);
            publish();
        }
        awaitLeave(service.getClass().getName());
    }

    /** Whether it was taken. */
    public boolean hasFamily(Object service) {
        try (Mutex _ = lock.take()) {
            return families.stream().anyMatch(family -> family.service == service);
        }
    }

    /** Whether it was taken. */
    public boolean hasInterceptor(Object service) {
        try (Mutex _ = lock.take()) {
            return interceptors.stream().anyMatch(interceptor -> interceptor.service == service);
        }
    }

    /** Waits until the calls that no program does without are answered: families come after the kernel itself. */
    public void awaitEssentials() {
        LockOrder.mayWait("for system call families");
        long deadline = System.nanoTime() + ESSENTIALS_TIMEOUT_NS;
        for (int number : ESSENTIAL) {
            while (table.handler(number) == missing) {
                if (System.nanoTime() - deadline > 0) {
                    throw new StartException("no service answers the system call " + SyscallNr.name(number), Errno.ENOSYS);
                }
                LockSupport.parkNanos(LEAVE_POLL_NS);
            }
        }
        try (Mutex _ = lock.take()) {
            families.forEach(family -> shipped.or(family.numbers()));
        }
    }

    /**
     * The numbers that only families answer which {@code leaving} tells of.
     *
     * @param leaving may be a bundle's code
     */
    public List<Integer> lost(Predicate<? super SyscallFamily> leaving) {
        List<Family> all;
        try (Mutex _ = lock.take()) {
            all = List.copyOf(families);
        }
        BitSet lost = new BitSet(SyscallTable.NUMBERS);
        BitSet kept = new BitSet(SyscallTable.NUMBERS);
        for (Family family : all) {
            (leaving.test(family.service) ? lost : kept).or(family.numbers());
        }
        lost.andNot(kept);
        return lost.stream().boxed().toList();
    }

    /** Those of {@link #lost} that were answered when the kernel started. */
    public List<Integer> lostShipped(Predicate<? super SyscallFamily> leaving) {
        List<Integer> lost = lost(leaving);
        try (Mutex _ = lock.take()) {
            return lost.stream().filter(shipped::get).toList();
        }
    }

    private void publish() {
        SyscallTable current = table;
        SyscallHandler[] next = new SyscallHandler[SyscallTable.NUMBERS];
        for (int number = 0; number < SyscallTable.NUMBERS; number++) {
            next[number] = handlerOf(number, current.handler(number));
        }
        table = current.next(next);
    }

    private SyscallHandler handlerOf(int number, SyscallHandler current) {
        SyscallHandler handler = null;
        for (Family family : families) {
            if (family.handlers[number] != null) {
                handler = family.handlers[number];
                break;
            }
        }
        List<Interceptor> chain = interceptors.stream().filter(interceptor -> interceptor.numbers[number]).toList();
        if (chain.isEmpty()) {
            return handler;
        }
        InterceptedHandler wrapped = new InterceptedHandler(chain.stream().map(Interceptor::service)
                .toArray(SyscallInterceptor[]::new), chain.stream().mapToLong(Interceptor::id).toArray(), handler == null ? missing : handler);
        return wrapped.isSameAs(current) ? current : wrapped;
    }

    private void awaitLeave(String name) {
        LockOrder.mayWait("for tasks to leave a handler");
        SyscallTable current = table;
        long deadline = System.nanoTime() + LEAVE_TIMEOUT_NS;
        while (interruptOutdated(current)) {
            if (System.nanoTime() - deadline > 0) {
                LOG.log(Level.WARNING, "{0} was withdrawn while a system call is still inside it", name);
                return;
            }
            LockSupport.parkNanos(LEAVE_POLL_NS);
        }
    }

    /** Whether any task is still inside a handler that {@code current} does not have. */
    private boolean interruptOutdated(SyscallTable current) {
        boolean found = false;
        for (Caller caller : callers.get()) {
            long generation = caller.generation();
            if (generation > 0 && current.replacedSince(generation, caller.callNumber())) {
                caller.restartCall();
                found = true;
            }
        }
        return found;
    }
}
