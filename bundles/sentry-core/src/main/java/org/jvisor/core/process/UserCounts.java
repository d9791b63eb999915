// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * What is limited per real user: tasks (RLIMIT_NPROC), queued signals (RLIMIT_SIGPENDING), and descriptions in flight. A user who has
 * none of these is not known: one privileged program can be any number of users after another. Any thread.
 */
public final class UserCounts implements Restorable {

    /** Guarded by the map's lock of its entry. */
    private static final class Account {
        int tasks;
        int signals;
        int inFlight;

        Account orNone() {
            return tasks == 0 && signals == 0 && inFlight == 0 ? null : this;
        }
    }

    private final ConcurrentHashMap<Integer, Account> accounts = new ConcurrentHashMap<>();

    /** One more task: how many there are now. */
    public int addTask(int uid) {
        int[] count = new int[1];
        accounts.compute(uid, (user, known) -> {
            Account account = known == null ? new Account() : known;
            count[0] = ++account.tasks;
            return account;
        });
        return count[0];
    }

    void removeTask(int uid) {
        accounts.computeIfPresent(uid, (user, account) -> {
            account.tasks--;
            return account.orNone();
        });
    }

    /** One more queued signal, where {@code limit} (unsigned) allows it; whether it does. */
    public boolean addSignal(int uid, long limit) {
        boolean[] added = new boolean[1];
        accounts.compute(uid, (user, known) -> {
            Account account = known == null ? new Account() : known;
            if (Long.compareUnsigned(account.signals, limit) < 0) {
                account.signals++;
                added[0] = true;
            }
            return account.orNone();
        });
        return added[0];
    }

    public void removeSignal(int uid) {
        accounts.computeIfPresent(uid, (user, account) -> {
            account.signals--;
            return account.orNone();
        });
    }

    /** {@code count} more descriptions in flight, unless there are more than {@code limit} (unsigned) now; whether they may. */
    public boolean addInFlight(int uid, int count, long limit) {
        boolean[] added = new boolean[1];
        accounts.compute(uid, (user, known) -> {
            Account account = known == null ? new Account() : known;
            if (Long.compareUnsigned(account.inFlight, limit) <= 0) {
                account.inFlight += count;
                added[0] = true;
            }
            return account.orNone();
        });
        return added[0];
    }

    public void removeInFlight(int uid, int count) {
        accounts.computeIfPresent(uid, (user, account) -> {
            account.inFlight -= count;
            return account.orNone();
        });
    }

    /** Users who have something. */
    int users() {
        return accounts.size();
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("user counts", 1).putList("users");
        accounts.forEach((uid, account) -> record.add("users").put("uid", uid).put("tasks", account.tasks)
                .put("signals", account.signals).put("inFlight", account.inFlight));
        return record;
    }

    @Override
    public void forget() {
        accounts.clear();
    }

    @Override
    public void restore(StateRecord record) {
        for (StateRecord item : record.items("users")) {
            Account account = new Account();
            account.tasks = item.requireInt("tasks");
            account.signals = item.requireInt("signals");
            account.inFlight = item.requireInt("inFlight");
            accounts.put(item.requireInt("uid"), account);
        }
    }
}
