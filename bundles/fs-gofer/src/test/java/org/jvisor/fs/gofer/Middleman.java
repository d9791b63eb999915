// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.p9.P9Replies;

/** Passes requests and replies on, and can hold replies back or put others in their place. */
final class Middleman implements AutoCloseable {
    private final P9Port client;
    private final P9Channel server;
    private final ExecutorService threads = Executors.newCachedThreadPool(runnable -> {
        Thread thread = new Thread(runnable, "middleman");
        thread.setDaemon(true);
        return thread;
    });
    /** Replies that are held back, by the types of their requests, and how many are. */
    private record Hold(Set<Integer> types, CountDownLatch end, AtomicInteger count) {
        Hold(Integer... types) {
            this(Set.of(types), new CountDownLatch(1), new AtomicInteger());
        }
    }

    private volatile Hold hold = new Hold();
    /** What becomes of each reply. */
    volatile UnaryOperator<P9Message> alteration = UnaryOperator.identity();

    /** How each reply gets to the client. */
    @FunctionalInterface
    interface Delivery {
        void deliver(P9Message reply, P9Port client);
    }

    volatile Delivery delivery = (reply, to) -> to.send(reply);

    Middleman(P9Port client, P9Channel server) {
        this.client = client;
        this.server = server;
        threads.execute(this::receive);
    }

    private void receive() {
        while (true) {
            P9Message request = new P9Message(client.messageSize());
            if (client.receive(request) <= 0) {
                server.close();
                return;
            }
            try {
                threads.execute(() -> pass(request));
            } catch (RejectedExecutionException e) {
                // Closed.
                return;
            }
        }
    }

    private void pass(P9Message request) {
        int tag = request.tag();
        P9Message reply = new P9Message(client.messageSize());
        // Received messages are at the position of their first field; sent ones are told by their length.
        long result = server.call(request, reply);
        if (result < 0) {
            P9Replies.error(reply, (int) -result);
        }
        Hold now = hold;
        if (now.types.contains(request.type())) {
            now.count.incrementAndGet();
            try {
                now.end.await();
            } catch (InterruptedException e) {
                return;
            }
        }
        reply.setTag(tag);
        P9Message altered = alteration.apply(reply);
        delivery.deliver(altered, client);
        int descriptor = reply.takeDescriptor();
        if (descriptor != P9Message.NO_DESCRIPTOR) {
            MountedGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
        }
    }

    /** From now on the server does what {@code types} ask for, but nobody hears of it. */
    void hold(Integer... types) {
        hold = new Hold(types);
    }

    /** Lets go all that is held. */
    void release() {
        Hold before = hold;
        hold = new Hold();
        before.end.countDown();
    }

    void awaitHeld(int count) {
        while (hold.count.get() < count) {
            Thread.onSpinWait();
        }
    }

    /** As when the gofer is killed. */
    @Override
    public void close() {
        client.close();
        server.close();
        release();
        threads.shutdownNow();
    }
}
