// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.RecordPassage;
import org.jvisor.api.state.Replacement;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * {@link Handover}. What the drivers do has a time limit, for which it has a thread of its own: one that never comes back is left
 * alone, and the old code goes on.
 */
public final class HandoverService implements Handover {

    private static final long IDLE_SECONDS = 10;

    private final Rest rest;
    private final List<? extends HandleSource> sources;
    private final Supplier<? extends List<? extends Restorable>> core;
    private final Function<Predicate<Object>, List<String>> otherUses;
    private final Consumer<String> log;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final Executor workers = newWorkers();

    /** @param log takes a line about what went wrong without stopping anything */
    public HandoverService(Rest rest, List<? extends HandleSource> sources, Consumer<String> log) {
        this(rest, sources, List::of, owned -> List.of(), log);
    }

    /**
     * @param core what a {@link #roundTrip} is about besides the drivers' objects, with all that is reached from there
     * @param otherUses what else would be left without code if certain objects and services went, a line each
     */
    public HandoverService(Rest rest, List<? extends HandleSource> sources, Supplier<? extends List<? extends Restorable>> core,
            Function<Predicate<Object>, List<String>> otherUses, Consumer<String> log) {
        this.rest = rest;
        this.sources = sources;
        this.core = core;
        this.otherUses = otherUses;
        this.log = log;
    }

    @Override
    public Report replace(Replacement replacement, long limitNs) {
        return atRest(limitNs, pause -> {
            boolean offered = false;
            try {
                Succession succession = succession(replacement);
                carryOut(succession, pause, limitNs, () -> timed(pause, "offer the new services", limitNs, replacement.services()::offer));
                offered = true;
                logged(() -> timed(pause, "withdraw the old services", limitNs, replacement.services()::withdraw));
                return new Report(succession.handles(), succession.objects(), pause.end());
            } finally {
                if (!offered) {
                    logged(() -> inTime(replacement.services()::revoke, limitNs));
                }
            }
        });
    }

    private Succession succession(Replacement replacement) {
        Predicate<Object> owned = replacement.owned();
        Driver before = replacement.before();
        Driver after = replacement.after();
        Inventory inventory = new Inventory(before == null ? owned : before::owns, sources);
        if ((before == null || after == null) && !inventory.handles().isEmpty()) {
            throw new StateException("it does the work for " + String.join(", ", inventory.lines())
                    + ", which there is no driver to hand over");
        }
        return new Succession(before == null ? object -> false : before::owns, (old, record) -> own(after, record, after.adopt(record)),
                (objects, records) -> records, inventory);
    }

    private static Stateful own(Driver driver, StateRecord record, Stateful fresh) {
        if (fresh != null && !driver.owns(fresh)) {
            throw new StateException(record.type() + ": the new version answers a " + fresh.getClass().getName()
                    + ", which is none of its own objects");
        }
        return fresh;
    }

    @Override
    public List<String> withdraw(Predicate<Object> owned, Runnable withdraw, long limitNs) {
        return atRest(limitNs, pause -> {
            List<String> users = new ArrayList<>(new Inventory(owned, sources).lines());
            users.addAll(otherUses.apply(owned));
            if (users.isEmpty()) {
                inTime(withdraw, limitNs);
            }
            return users;
        });
    }

    @Override
    public RoundTrip roundTrip(List<? extends Driver> drivers, long limitNs) {
        return atRest(limitNs, pause -> {
            rest.stopApplications(limitNs);
            pause.step("stop the applications");
            Predicate<Object> owned = object -> owner(drivers, object) != null;
            RecordPassage stream = new RecordPassage();
            Succession succession = new Succession(owned, (old, record) -> {
                Driver driver = owner(drivers, old);
                return own(driver, record, driver.adopt(record));
            }, stream::pass, new Inventory(owned, sources));
            CoreRoundTrip own = new CoreRoundTrip(core.get());
            // By this thread: nobody could tell how far another one that is given up has come.
            carryOut(succession, pause, limitNs, () -> {
                own.run();
                pause.step("save and restore the core");
            });
            SortedMap<String, Integer> types = new TreeMap<>(stream.types());
            own.types().forEach((type, count) -> types.merge(type, count, Integer::sum));
            return new RoundTrip(types, stream.bytes() + own.bytes(), succession.handles(), pause.end());
        });
    }

    private static Driver owner(List<? extends Driver> drivers, Object object) {
        for (Driver driver : drivers) {
            if (driver.owns(object)) {
                return driver;
            }
        }
        return null;
    }

    /** Whatever goes wrong, tasks go on, and whoever asked hears of it by the one exception that they know. */
    private <T> T atRest(long limitNs, Function<PauseWatch, T> work) {
        if (!busy.compareAndSet(false, true)) {
            throw new StateException("another hand-over is under way");
        }
        try {
            rehearse(limitNs);
            PauseWatch pause = new PauseWatch(rest.begin(limitNs));
            try {
                return work.apply(pause);
            } finally {
                rest.end();
            }
        } catch (Throwable t) {
            throw refusal(t);
        } finally {
            busy.set(false);
        }
    }

    /** A hand-over of nothing: so that no class is loaded, and no thread made, while all wait. */
    private void rehearse(long limitNs) {
        Succession nothing = new Succession(object -> false, (old, record) -> null, (objects, records) -> records,
                new Inventory(object -> false, List.of()));
        inTime(nothing::save, limitNs);
        inTime(nothing::adopt, limitNs);
        nothing.commit(workers, limitNs, this::logFailure);
    }

    /** @param last what else is to succeed before anything is switched, while the drivers' threads hold still */
    private void carryOut(Succession succession, PauseWatch pause, long limitNs, Runnable last) {
        boolean prepared = false;
        try {
            timed(pause, "save", limitNs, succession::save);
            timed(pause, "adopt", limitNs, succession::adopt);
            last.run();
            prepared = true;
        } finally {
            if (!prepared) {
                succession.giveUp(workers, limitNs, this::logFailure);
            }
        }
        succession.commit(workers, limitNs, this::logFailure);
        pause.step("switch");
    }

    private void timed(PauseWatch pause, String name, long limitNs, Runnable work) {
        inTime(work, limitNs);
        pause.step(name);
    }

    /** The new code serves already, or the old one goes on: whatever happens here is no reason for anything. */
    private void logged(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            logFailure(e);
        }
    }

    private void inTime(Runnable work, long limitNs) {
        LockOrder.mayWait("a bundle's code");
        AtomicReference<Thread> worker = new AtomicReference<>();
        FutureTask<Void> task = new FutureTask<>(() -> {
            worker.set(Thread.currentThread());
            work.run();
        }, null);
        workers.execute(task);
        try {
            task.get(limitNs, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            String place = place(worker.get());
            task.cancel(true);
            throw new StateException("no end after " + TimeUnit.NANOSECONDS.toMillis(limitNs) + " ms" + place, e);
        } catch (ExecutionException e) {
            throw refusal(e.getCause());
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new StateException("interrupted", e);
        }
    }

    /** Where a thread is that is given up, for people. */
    static String place(Thread thread) {
        StackTraceElement[] stack = thread == null ? new StackTraceElement[0] : thread.getStackTrace();
        return stack.length == 0 ? "" : ", in " + stack[0];
    }

    /** One that waits is used again; more are made when those that there are do not come back. */
    private static Executor newWorkers() {
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
                Thread.ofPlatform().name("hand-over").daemon().factory());
    }

    private static StateException refusal(Throwable cause) {
        return cause instanceof StateException known ? known : new StateException("failed: " + cause, cause);
    }

    /** Nothing that is logged may keep anything else from being done. */
    private void logFailure(Throwable failure) {
        try {
            log.accept("hand-over: " + failure);
        } catch (RuntimeException | Error e) {
            failure.addSuppressed(e);
        }
    }
}
