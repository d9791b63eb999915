// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.net.SocketFamilies;
import org.jvisor.api.net.SocketFamily;

/** The services that make sockets, by domain. What is read without a lock is never changed: a change makes another table. */
public final class SocketFamilyTable implements SocketFamilies {

    private record Entry(SocketFamily service, int domain, int ranking, long id) implements Ranked {}

    private final Mutex lock = new Mutex(LockRank.KERNEL);
    /** Guarded by the lock. */
    private final List<Entry> entries = new ArrayList<>();
    private volatile SocketFamily[] best = new SocketFamily[Socket.AF_MAX];

    @Override
    public SocketFamily family(int domain) {
        return domain < 0 || domain >= Socket.AF_MAX ? null : best[domain];
    }

    /**
     * @param id service.id
     * @throws RuntimeException when its domain makes no sense: it is not taken then
     */
    public void add(SocketFamily service, int ranking, long id) {
        int domain = service.domain();
        if (domain < 0 || domain >= Socket.AF_MAX) {
            throw new IllegalArgumentException("no domain of sockets: " + domain);
        }
        try (Mutex _ = lock.take()) {
            entries.add(new Entry(service, domain, ranking, id));
            entries.sort(Ranked::compare);
            publish();
        }
    }

    public void remove(SocketFamily service) {
        try (Mutex _ = lock.take()) {
            entries.removeIf(entry -> entry.service == service);
            publish();
        }
    }

    public boolean has(Object service) {
        try (Mutex _ = lock.take()) {
            return entries.stream().anyMatch(entry -> entry.service == service);
        }
    }

    private void publish() {
        SocketFamily[] next = new SocketFamily[Socket.AF_MAX];
        for (Entry entry : entries) {
            if (next[entry.domain] == null) {
                next[entry.domain] = entry.service;
            }
        }
        best = next;
    }
}
