// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.concurrent.TimeUnit;
import org.jvisor.api.abi.Signals;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;

/**
 * Sees to it that a Sentry which does not answer any more does not stand still for ever, and its container and its runsc with it. It is
 * asked from time to time whether it is there; and it says when it has sent a signal that runsc has passed on. {@link Patience} says
 * when that has failed: late for a question, which nobody waits for; soon for a signal that means the container's end. One thread.
 */
final class SentryWatch {
    private static final long ASK_NS = TimeUnit.SECONDS.toNanos(20);
    private static final long LOOK_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long NONE = 0;

    private final ControlSocket control;
    private final boolean asks;
    private final Patience question;
    private final Patience order;
    /** Those of others begin at 1. */
    private long requests = 1L << 32;
    private long asked = NONE;
    private long ordered = NONE;
    private int orderedSignal;
    private long nextNs;

    /** @param asks whether it asks, and not only sees to it that signals are sent */
    SentryWatch(ControlSocket control, ProcessorUse use, boolean asks) {
        this.control = control;
        this.asks = asks;
        question = new Patience(use, TimeUnit.SECONDS.toNanos(60), TimeUnit.SECONDS.toNanos(30), TimeUnit.SECONDS.toNanos(120),
            Long.MAX_VALUE);
        order = new Patience(use, TimeUnit.SECONDS.toNanos(10), TimeUnit.SECONDS.toNanos(2), TimeUnit.SECONDS.toNanos(10),
            TimeUnit.SECONDS.toNanos(30));
        nextNs = System.nanoTime() + ASK_NS;
    }

    /** The number for a request about a signal, which its answer has. */
    long order(int signal) {
        long request = ++requests;
        boolean ends = signal == Signals.SIGHUP || signal == Signals.SIGINT || signal == Signals.SIGQUIT || signal == Signals.SIGTERM;
        if (ends && ordered == NONE) {
            long now = System.nanoTime();
            ordered = request;
            orderedSignal = signal;
            order.begin(now);
            nextNs = Math.min(nextNs, now + LOOK_NS);
        }
        return request;
    }

    /** @return whether it is the number of one of its requests */
    boolean answered(long request) {
        if (request == asked) {
            asked = NONE;
        }
        if (request == ordered) {
            ordered = NONE;
        }
        return request > 1L << 32 && request <= requests;
    }

    /** How long nothing need be done here. */
    int waitMillis() {
        return (int) Math.max(0, TimeUnit.NANOSECONDS.toMillis(nextNs - System.nanoTime()) + 1);
    }

    /**
     * Does what is due.
     *
     * @throws RunscException when the Sentry is to be ended
     */
    void look() {
        long now = System.nanoTime();
        if (now - nextNs < 0) {
            return;
        }
        if (ordered != NONE && order.isOver(now)) {
            throw new RunscException("the Sentry has not taken " + Signals.name(orderedSignal) + " " + order.text(now)
                + ": the sandbox is ended", 128 + orderedSignal);
        }
        if (asked != NONE && question.isOver(now)) {
            throw new RunscException("the Sentry has not answered " + question.text(now) + ": the sandbox is ended");
        }
        if (!asks && ordered == NONE) {
            nextNs = now + ASK_NS;
        } else if (asked == NONE && ordered == NONE) {
            asked = ++requests;
            question.begin(now);
            control.offer(Messages.PING, asked, new BodyWriter().bytes());
            nextNs = now + ASK_NS;
        } else {
            nextNs = now + LOOK_NS;
        }
    }
}
