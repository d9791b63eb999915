// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.jvisor.api.state.StateRecord;

/** Who has not been accepted by a listener: connections that stand, and sockets that wait for a place. Guarded by the listener's lock. */
final class Backlog {

    /** Ends of connections on the listener's side. */
    private final ArrayDeque<StreamSocket> connected = new ArrayDeque<>();
    private final LinkedHashSet<StreamSocket> waiting = new LinkedHashSet<>();
    private int limit;

    Backlog(int limit) {
        this.limit = limit;
    }

    void save(StateRecord record) {
        record.put("backlogLimit", limit).putList("backlog").putList("waitingToConnect");
        connected.forEach(accepted -> record.add("backlog").putOwn("socket", accepted));
        waiting.forEach(client -> record.add("waitingToConnect").putOwn("socket", client));
    }

    /** Sockets refer to each other in circles, and in chains that are as long as the application likes. */
    void link(StateRecord record) {
        record.items("backlog").forEach(item -> connected.add(item.requireOwn("socket", StreamSocket.class)));
        record.items("waitingToConnect").forEach(item -> waiting.add(item.requireOwn("socket", StreamSocket.class)));
    }

    void setLimit(int most) {
        limit = most;
    }

    /** One more than listen(2) was told, as on Linux. */
    boolean isFull() {
        return connected.size() > limit;
    }

    boolean isEmpty() {
        return connected.isEmpty();
    }

    void add(StreamSocket accepted) {
        connected.add(accepted);
    }

    /** The next connection, or null. */
    StreamSocket poll() {
        return connected.poll();
    }

    void addWaiting(StreamSocket client) {
        waiting.add(client);
    }

    void removeWaiting(StreamSocket client) {
        waiting.remove(client);
    }

    List<StreamSocket> waiting() {
        return waiting.isEmpty() ? List.of() : new ArrayList<>(waiting);
    }

    List<StreamSocket> connected() {
        return new ArrayList<>(connected);
    }

    /** Nobody is here any more. */
    Clients takeAll() {
        Clients all = new Clients(connected(), waiting());
        connected.clear();
        waiting.clear();
        return all;
    }

    /** Whoever had not been accepted. */
    record Clients(List<StreamSocket> connected, List<StreamSocket> waiting) {

        static final Clients NONE = new Clients(List.of(), List.of());

        /** The listener has gone. Without a lock. */
        void refuse() {
            connected.forEach(StreamSocket::resetUnaccepted);
            waiting.forEach(StreamSocket::refuse);
        }
    }
}
