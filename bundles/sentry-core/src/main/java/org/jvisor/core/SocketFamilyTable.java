// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.net.SocketFamilies;
import org.jvisor.api.net.SocketFamily;

/** The services that make sockets, by domain. What is read without a lock is never changed: a change makes another table. */
public final class SocketFamilyTable implements SocketFamilies {

    private record Entry(SocketFamily service, int ranking, long id) implements Ranked {}

    /** Guarded by this. */
    private final List<Entry> entries = new ArrayList<>();
    private volatile SocketFamily[] best = new SocketFamily[Socket.AF_MAX];

    @Override
    public SocketFamily family(int domain) {
        return domain < 0 || domain >= Socket.AF_MAX ? null : best[domain];
    }

    /** @param id service.id */
    public synchronized void add(SocketFamily service, int ranking, long id) {
        entries.add(new Entry(service, ranking, id));
        entries.sort(Ranked::compare);
        publish();
    }

    public synchronized void remove(SocketFamily service) {
        entries.removeIf(entry -> entry.service == service);
        publish();
    }

    private void publish() {
        SocketFamily[] next = new SocketFamily[Socket.AF_MAX];
        for (Entry entry : entries) {
            int domain = entry.service.domain();
            if (domain >= 0 && domain < Socket.AF_MAX && next[domain] == null) {
                next[domain] = entry.service;
            }
        }
        best = next;
    }
}
