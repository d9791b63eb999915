// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.RecordPassage;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateException;

/**
 * {@link Handover}. What the drivers do has a time limit, for which it has a thread of its own: one that never comes back is left
 * alone, and the old code goes on.
 */
public final class HandoverService implements Handover {

    private final Rest rest;
    private final List<? extends HandleSource> sources;
    private final Supplier<? extends List<? extends Restorable>> core;
    private final Consumer<String> log;

    /** @param log takes a line about what went wrong without stopping anything */
    public HandoverService(Rest rest, List<? extends HandleSource> sources, Consumer<String> log) {
        this(rest, sources, List::of, log);
    }

    /** @param core what a {@link #roundTrip} is about besides the drivers' objects, with all that is reached from there */
    public HandoverService(Rest rest, List<? extends HandleSource> sources, Supplier<? extends List<? extends Restorable>> core,
            Consumer<String> log) {
        this.rest = rest;
        this.sources = sources;
        this.core = core;
        this.log = log;
    }

    @Override
    public synchronized List<String> inUse(Predicate<Object> owned) {
        rest.begin(LIMIT_NS);
        try {
            return new Inventory(owned, sources).lines();
        } finally {
            rest.end();
        }
    }

    @Override
    public synchronized Report replace(Driver before, Driver after, Runnable withdraw, long limitNs) {
        long start = System.nanoTime();
        rest.begin(limitNs);
        try {
            Succession succession = new Succession(before::owns, (old, record) -> after.adopt(record), (objects, records) -> records,
                    new Inventory(before::owns, sources));
            carryOut(succession, () -> { }, limitNs);
            withdraw(withdraw, limitNs);
            return new Report(succession.handles(), succession.objects(), System.nanoTime() - start);
        } finally {
            rest.end();
        }
    }

    @Override
    public synchronized RoundTrip roundTrip(List<? extends Driver> drivers, long limitNs) {
        long start = System.nanoTime();
        rest.begin(limitNs);
        try {
            rest.stopApplications(limitNs);
            Predicate<Object> owned = object -> owner(drivers, object) != null;
            RecordPassage stream = new RecordPassage();
            Succession succession = new Succession(owned, (old, record) -> owner(drivers, old).adopt(record), stream::pass,
                    new Inventory(owned, sources));
            CoreRoundTrip own = new CoreRoundTrip(core.get());
            carryOut(succession, own::run, limitNs);
            SortedMap<String, Integer> types = new TreeMap<>(stream.types());
            own.types().forEach((type, count) -> types.merge(type, count, Integer::sum));
            return new RoundTrip(types, stream.bytes() + own.bytes(), succession.handles(), System.nanoTime() - start);
        } finally {
            rest.end();
        }
    }

    private static Driver owner(List<? extends Driver> drivers, Object object) {
        for (Driver driver : drivers) {
            if (driver.owns(object)) {
                return driver;
            }
        }
        return null;
    }

    /**
     * @param atRest what else is to be done while the drivers' threads hold still: by this thread, for nobody could tell how far
     *     another one that is given up has come
     */
    private void carryOut(Succession succession, Runnable atRest, long limitNs) {
        boolean prepared = false;
        try {
            inTime(succession::prepare, limitNs);
            atRest.run();
            prepared = true;
        } finally {
            if (!prepared) {
                succession.giveUp(this::logFailure);
            }
        }
        succession.commit(this::logFailure);
    }

    /** The new code serves already: whatever happens here is no reason to go back. */
    private void withdraw(Runnable withdraw, long limitNs) {
        try {
            inTime(withdraw, limitNs);
        } catch (StateException e) {
            logFailure(e);
        }
    }

    private static void inTime(Runnable work, long limitNs) {
        FutureTask<Void> task = new FutureTask<>(work, null);
        Thread worker = Thread.ofPlatform().name("hand-over").daemon().start(task);
        try {
            task.get(limitNs, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            StackTraceElement[] stack = worker.getStackTrace();
            worker.interrupt();
            throw new StateException("no end after " + TimeUnit.NANOSECONDS.toMillis(limitNs) + " ms"
                    + (stack.length == 0 ? "" : ", in " + stack[0]), e);
        } catch (ExecutionException e) {
            throw refusal(e.getCause());
        } catch (InterruptedException e) {
            worker.interrupt();
            Thread.currentThread().interrupt();
            throw new StateException("interrupted", e);
        }
    }

    private static StateException refusal(Throwable cause) {
        return cause instanceof StateException known ? known : new StateException("failed: " + cause, cause);
    }

    private void logFailure(RuntimeException e) {
        log.accept("hand-over: " + e);
    }
}
