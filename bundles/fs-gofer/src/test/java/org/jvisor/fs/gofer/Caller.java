// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.lock.Killable;

/** A thread that serves a task which makes one call. */
final class Caller extends Thread implements Killable {
    private final FutureTask<Long> result;
    private volatile boolean killed;

    private Caller(FutureTask<Long> result) {
        super(result, "caller");
        this.result = result;
        setDaemon(true);
    }

    /** Begins a call, which answers a count or throws an errno. */
    static Caller start(Callable<Long> call) {
        Caller caller = new Caller(new FutureTask<>(() -> {
            try {
                return call.call();
            } catch (ErrnoException e) {
                return (long) -e.errno();
            }
        }));
        caller.start();
        return caller;
    }

    static Caller start(Runnable call) {
        return start(() -> {
            call.run();
            return 0L;
        });
    }

    @Override
    public boolean killed() {
        return killed;
    }

    Caller kill() {
        killed = true;
        LockSupport.unpark(this);
        return this;
    }

    boolean hasEnded() {
        return result.isDone();
    }

    /** What the call answered, or a negative errno. */
    long result() throws Exception {
        return result.get(20, TimeUnit.SECONDS);
    }
}
