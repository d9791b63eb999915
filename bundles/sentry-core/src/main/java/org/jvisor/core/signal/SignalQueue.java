// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.UserCounts;

/**
 * Signals that are pending for a thread or a process: of the standard ones one each, real-time ones in order, as often as sent
 * (signal(7)). Guarded by the thread group's lock.
 */
public final class SignalQueue implements Restorable {

    /** What a signal is of, when that hears of it once it is taken or dropped, and has the last word on what it says. */
    public interface Origin {
        SignalInfo taken(SignalInfo info);
    }

    private static final class Node {
        final SignalInfo info;
        /** Null for most. */
        final Origin origin;
        /** Who has this signal of {@link #uid} counted; null: nobody. */
        final UserCounts payer;
        final int uid;
        /** Whom it is charged to; null as long as it is counted by nobody. */
        final Cgroup cgroup;
        Node next;

        Node(SignalInfo info, Origin origin, UserCounts payer, int uid, Cgroup cgroup) {
            this.info = info;
            this.origin = origin;
            this.payer = payer;
            this.uid = uid;
            this.cgroup = cgroup;
        }
    }

    private long pending;
    /** Those of them that the container's operator has sent. */
    private long fromOutside;
    private Node head;
    private Node tail;

    /** Bit n-1 for signal n. */
    public long pending() {
        return pending;
    }

    long fromOutside() {
        return fromOutside;
    }

    void markFromOutside(int signal) {
        fromOutside |= Signals.bit(signal) & pending;
    }

    boolean contains(int signal) {
        return Signals.contains(pending, signal);
    }

    /** Enters a signal with what is to be told of it, or null; false for a standard one that is pending already. */
    boolean add(SignalInfo info, Origin origin) {
        if (info.signal() < Signals.SIGRTMIN && contains(info.signal())) {
            return false;
        }
        append(new Node(info, origin, null, 0, null));
        return true;
    }

    /** Enters a real-time signal that {@code payer} has counted as one of {@code uid}'s, and {@code cgroup} has been charged. */
    void addCounted(SignalInfo info, Origin origin, UserCounts payer, int uid, Cgroup cgroup) {
        append(new Node(info, origin, payer, uid, cgroup));
    }

    private void append(Node node) {
        pending |= Signals.bit(node.info.signal());
        if (tail == null) {
            head = node;
        } else {
            tail.next = node;
        }
        tail = node;
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
            fromOutside &= pending;
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
        fromOutside &= pending;
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
        if (node.payer != null) {
            node.payer.removeSignal(node.uid);
            node.cgroup.uncharge(Charge.QUEUED_SIGNAL, 1);
        }
        return node.origin == null ? node.info : node.origin.taken(node.info);
    }

    // ---- Restorable

    /** What is pending without a place in the queue is told by {@code pending} alone. */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("signal queue", 2).put("pending", pending).put("fromOutside", fromOutside).putList("signals");
        for (Node node = head; node != null; node = node.next) {
            SignalInfo info = node.info;
            record.add("signals").put("signal", info.signal()).put("code", info.code()).put("pid", info.pid()).put("uid", info.uid())
                    .put("status", info.status()).put("value", info.value()).put("userTime", info.userTime())
                    .put("systemTime", info.systemTime()).putCore("origin", node.origin).putCore("payer", node.payer)
                    .put("payingUid", node.uid).putCore("cgroup", node.cgroup);
        }
        return record;
    }

    @Override
    public void forget() {
        pending = 0;
        fromOutside = 0;
        head = null;
        tail = null;
    }

    @Override
    public void restore(StateRecord record) {
        for (StateRecord r : record.items("signals")) {
            SignalInfo info = new SignalInfo(r.requireInt("signal"), r.requireInt("code"), r.requireInt("pid"), r.requireInt("uid"),
                    r.requireInt("status"), r.requireLong("value"), r.requireLong("userTime"), r.requireLong("systemTime"));
            append(new Node(info, r.core("origin", Origin.class), r.core("payer", UserCounts.class), r.requireInt("payingUid"),
                    r.core("cgroup", Cgroup.class)));
        }
        pending = record.requireLong("pending");
        fromOutside = record.requireLong("fromOutside");
    }
}
