// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import java.util.function.UnaryOperator;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.SignalInfo;

/**
 * Signals that are pending for a thread or a process: of the standard ones one each, real-time ones in order, as often as sent
 * (signal(7)). Guarded by the thread group's lock.
 */
public final class SignalQueue {

    private static final class Node {
        final SignalInfo info;
        /** Hears when the signal is taken or dropped, and has the last word on what it says; null for most. */
        final UnaryOperator<SignalInfo> onTaken;
        Node next;

        Node(SignalInfo info, UnaryOperator<SignalInfo> onTaken) {
            this.info = info;
            this.onTaken = onTaken;
        }
    }

    private long pending;
    private Node head;
    private Node tail;

    /** Bit n-1 for signal n. */
    public long pending() {
        return pending;
    }

    boolean contains(int signal) {
        return Signals.contains(pending, signal);
    }

    /** Enters a signal with what is to be told of it; false for a standard one that is pending already. */
    boolean add(SignalInfo info, UnaryOperator<SignalInfo> onTaken) {
        if (info.signal() < Signals.SIGRTMIN && contains(info.signal())) {
            return false;
        }
        pending |= Signals.bit(info.signal());
        Node node = new Node(info, onTaken);
        if (tail == null) {
            head = node;
        } else {
            tail.next = node;
        }
        tail = node;
        return true;
    }

    /** Enters a signal of which there is no room to keep more than its number. */
    void addBare(int signal) {
        pending |= Signals.bit(signal);
    }

    /** Takes the signal of {@code set} that comes first: those of the CPU, then by number; null when none is pending. */
    public SignalInfo take(long set) {
        long wanted = pending & set;
        if (wanted == 0) {
            return null;
        }
        long urgent = wanted & Signals.SYNCHRONOUS;
        return takeOne(Signals.lowest(urgent != 0 ? urgent : wanted));
    }

    private SignalInfo takeOne(int signal) {
        Node found = null;
        Node previous = null;
        boolean more = false;
        Node before = null;
        for (Node node = head; node != null; before = node, node = node.next) {
            if (node.info.signal() != signal) {
                continue;
            }
            if (found != null) {
                more = true;
                break;
            }
            found = node;
            previous = before;
        }
        if (!more) {
            pending &= ~Signals.bit(signal);
        }
        if (found == null) {
            return new SignalInfo(signal, Signals.SI_USER, 0, 0, 0, 0, 0, 0);
        }
        unlink(found, previous);
        return taken(found);
    }

    /** Drops all pending signals of {@code set}. */
    public void discard(long set) {
        if ((pending & set) == 0) {
            return;
        }
        pending &= ~set;
        Node previous = null;
        for (Node node = head; node != null; node = node.next) {
            if (Signals.contains(set, node.info.signal())) {
                unlink(node, previous);
                taken(node);
            } else {
                previous = node;
            }
        }
    }

    private void unlink(Node node, Node previous) {
        if (previous == null) {
            head = node.next;
        } else {
            previous.next = node.next;
        }
        if (tail == node) {
            tail = previous;
        }
    }

    private static SignalInfo taken(Node node) {
        return node.onTaken == null ? node.info : node.onTaken.apply(node.info);
    }
}
