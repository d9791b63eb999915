// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The Java threads that tasks live on. To make one costs more than the rest of a fork: a thread whose task has ended waits a
 * while for another. Each is a thread of the host, since a platform may know a task by it.
 */
public final class TaskThreads {

    private static final int IDLE_MAX = 32;
    private static final long IDLE_NS = TimeUnit.SECONDS.toNanos(10);

    /** For handlers. */
    private static final long OWN_STACK_BYTES = 256 << 10;

    private final long stackBytes;
    private final AtomicLong count = new AtomicLong();

    private final Mutex lock = new Mutex(LockRank.SERVICE);
    /** Guarded by the lock; the last to come is the first to go, its stack is still in the cache. */
    private final ArrayDeque<Server> idle = new ArrayDeque<>();

    /** @param platformBytes of stack that the platform takes */
    public TaskThreads(long platformBytes) {
        stackBytes = OWN_STACK_BYTES + platformBytes;
    }

    /** A thread that waits for a task. Throws EAGAIN when the host gives no more. */
    public Server acquire() {
        try (Mutex _ = lock.take()) {
            Server server = idle.pollLast();
            if (server != null) {
                return server;
            }
        }
        Server server = new Server();
        try {
            server.thread.start();
        } catch (OutOfMemoryError e) {
            // What Thread.start throws when pthread_create(3) fails.
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return server;
    }

    /** It was not needed; whether it is kept. */
    boolean giveBack(Server server) {
        try (Mutex _ = lock.take()) {
            server.forget();
            if (idle.size() >= IDLE_MAX) {
                server.end();
                return false;
            }
            idle.addLast(server);
            return true;
        }
    }

    private boolean withdraw(Server server) {
        try (Mutex _ = lock.take()) {
            return idle.remove(server);
        }
    }

    /** Lets all threads that wait go. */
    public void stop() {
        try (Mutex _ = lock.take()) {
            idle.forEach(Server::end);
            idle.clear();
        }
    }

    private final class TaskThread extends Thread implements Killable {
        private final Server server;

        TaskThread(Server server) {
            super(null, server, "task-" + count.incrementAndGet(), stackBytes);
            setDaemon(true);
            this.server = server;
        }

        @Override
        public boolean killed() {
            TaskImpl served = server.task;
            return served != null && served.killed();
        }
    }

    /** One thread. */
    public final class Server implements Runnable {
        private final Thread thread = new TaskThread(this);
        private volatile TaskImpl task;
        private TaskLoop prepared;
        /** What it does now. */
        private volatile TaskLoop loop;
        private volatile boolean ended;

        /** Whoever makes a task can do this before others can see it: there may be no memory for it. */
        public void prepare(TaskImpl newTask) {
            prepared = new TaskLoop(newTask);
            task = newTask;
        }

        /** Lets the task run that was prepared. Allocates nothing. */
        public void serve() {
            loop = prepared;
            prepared = null;
            LockSupport.unpark(thread);
        }

        private void forget() {
            prepared = null;
            task = null;
        }

        private void end() {
            ended = true;
            LockSupport.unpark(thread);
        }

        @Override
        public void run() {
            while (await()) {
                loop.run();
                loop = null;
                giveBack(this);
            }
        }

        /** Whether there is a task now. */
        private boolean await() {
            LockOrder.holdsNothing("by a thread without a task");
            long deadline = System.nanoTime() + IDLE_NS;
            while (loop == null) {
                if (ended) {
                    return false;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0 && withdraw(this)) {
                    return false;
                }
                LockSupport.parkNanos(left <= 0 ? IDLE_NS : left);
            }
            return true;
        }
    }
}
