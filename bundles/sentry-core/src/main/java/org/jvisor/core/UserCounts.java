// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What is limited per real user: tasks (RLIMIT_NPROC) and queued signals (RLIMIT_SIGPENDING). Any thread. */
final class UserCounts {

    static final class Account {
        final AtomicInteger tasks = new AtomicInteger();
        final AtomicInteger signals = new AtomicInteger();
    }

    private final ConcurrentHashMap<Integer, Account> accounts = new ConcurrentHashMap<>();

    Account of(int uid) {
        return accounts.computeIfAbsent(uid, u -> new Account());
    }
}
