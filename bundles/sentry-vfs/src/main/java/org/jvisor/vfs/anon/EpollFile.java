// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;

/**
 * An epoll instance (epoll(7)). What wakes a watched file puts its item on a list of those that may be ready; only these are
 * looked at, never all that are watched.
 *
 * <p>Locks, in this order: {@link EpollNesting}'s, the monitor of this (the items; held while watched files are polled), those of
 * the watched files and of their wait queues, {@link #listLock}. Of two instances the one that watches comes before the watched.
 */
public final class EpollFile implements Vfs.Epoll, Restorable {

    private static final int READY = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int EXCLUSIVE_ALLOWED = Poll.EPOLLIN | Poll.EPOLLOUT | Poll.EPOLLERR | Poll.EPOLLHUP | Poll.EPOLLWAKEUP
            | Poll.EPOLLET | Poll.EPOLLEXCLUSIVE;

    private final EpollNesting nesting;
    private final WaitQueue queue = new WaitQueue();

    private final Mutex mutex = new Mutex(LockRank.EPOLL);
    private final Map<EpollItem.Key, EpollItem> items = new HashMap<>();

    /** Guards the list: its ends here, and the links in the items. */
    private final Mutex listLock = new Mutex(LockRank.EPOLL_READY);
    private EpollItem first;
    private EpollItem last;

    public EpollFile(EpollNesting nesting) {
        this.nesting = nesting;
    }

    /** A line for each that is watched. */
    @Override
    public String info(Task reader) {
        List<EpollItem> all;
        try (Mutex _ = mutex.take()) {
            all = new ArrayList<>(items.values());
        }
        StringBuilder text = new StringBuilder();
        all.forEach(item -> text.append(item.info()));
        return text.toString();
    }

    // ---- what is watched

    @Override
    public long control(Task task, FileDescription self, int operation, int fd, FileDescription target, int events, long data) {
        if (target.operations() == this) {
            return -Errno.EINVAL;
        }
        WaitQueue targetQueue = target.operations().waitQueue();
        if (targetQueue == null) {
            return -Errno.EPERM;
        }
        EpollItem.Key key = new EpollItem.Key(fd, target);
        return switch (operation) {
            case Poll.EPOLL_CTL_ADD -> add(task.cgroup(), key, targetQueue, events, data);
            case Poll.EPOLL_CTL_MOD -> modify(key, events, data);
            case Poll.EPOLL_CTL_DEL -> delete(key);
            default -> -Errno.EINVAL;
        };
    }

    private long add(Cgroup cgroup, EpollItem.Key key, WaitQueue targetQueue, int events, long data) {
        if ((events & Poll.EPOLLEXCLUSIVE) != 0
                && ((events & ~EXCLUSIVE_ALLOWED) != 0 || key.file().operations() instanceof EpollFile)) {
            return -Errno.EINVAL;
        }
        if (key.file().operations() instanceof EpollFile inner) {
            long refused = nesting.enter(this, inner);
            if (refused != 0) {
                return refused;
            }
        }
        long result = addItem(new EpollItem(this, cgroup, key, targetQueue, events, data));
        if (result != 0 && key.file().operations() instanceof EpollFile inner) {
            nesting.leave(this, inner);
        }
        return result;
    }

    private long addItem(EpollItem item) {
        try (Mutex _ = mutex.take()) {
            if (items.containsKey(item.key)) {
                return -Errno.EEXIST;
            }
            if (!item.cgroup.tryCharge(Charge.EPOLL_ITEM, 1)) {
                return -Errno.ENOSPC;
            }
            items.put(item.key, item);
            item.key.file().addReleaseListener(item);
            item.listen();
            if (!listIfReady(item)) {
                return 0;
            }
        }
        queue.wake(READY);
        return 0;
    }

    private long modify(EpollItem.Key key, int events, long data) {
        EpollItem item;
        try (Mutex _ = mutex.take()) {
            item = items.get(key);
            if (item == null) {
                return -Errno.ENOENT;
            }
            if ((events & Poll.EPOLLEXCLUSIVE) != 0 || item.isExclusive()) {
                return -Errno.EINVAL;
            }
            item.change(events, data);
            if (!listIfReady(item)) {
                return 0;
            }
        }
        queue.wake(READY);
        return 0;
    }

    /** With the monitor held, so that an item that is being taken out does not come onto the list afterwards. */
    private boolean listIfReady(EpollItem item) {
        boolean ready = item.pollNow() != 0;
        if (ready) {
            append(item);
        }
        return ready;
    }

    private long delete(EpollItem.Key key) {
        EpollItem item;
        try (Mutex _ = mutex.take()) {
            item = items.get(key);
        }
        if (item == null || !forget(item)) {
            return -Errno.ENOENT;
        }
        key.file().removeReleaseListener(item);
        return 0;
    }

    /** Takes an item out, wherever it is; whether it was there. */
    boolean forget(EpollItem item) {
        try (Mutex _ = mutex.take()) {
            if (!items.remove(item.key, item)) {
                return false;
            }
            item.cgroup.uncharge(Charge.EPOLL_ITEM, 1);
            // No wake-up can put it on the list once it has left the queue.
            item.stopListening();
            unlist(item);
        }
        if (item.key.file().operations() instanceof EpollFile inner) {
            nesting.leave(this, inner);
        }
        return true;
    }

    @Override
    public void release(FileDescription file) {
        List<EpollItem> left;
        try (Mutex _ = mutex.take()) {
            left = new ArrayList<>(items.values());
        }
        for (EpollItem item : left) {
            if (forget(item)) {
                item.key.file().removeReleaseListener(item);
            }
        }
    }

    // ---- what is ready

    @Override
    public int collect(int[] events, long[] data, int max) {
        int count = 0;
        try (Mutex _ = mutex.take()) {
            EpollItem stop = lastListed();
            EpollItem item;
            // What comes onto an empty list from now on is for the next look: without a last one there would be no end.
            while (stop != null && count < max && (item = takeFirst()) != null) {
                int now = item.pollNow();
                if (now != 0) {
                    events[count] = now;
                    data[count] = item.data;
                    count++;
                    item.reported();
                    if (item.isLevelTriggered()) {
                        append(item);
                    }
                }
                if (item == stop) {
                    break;
                }
            }
        }
        if (count > 0 && lastListed() != null) {
            queue.wake(MORE);
        }
        return count;
    }

    @Override
    public int poll(FileDescription file) {
        try (Mutex _ = mutex.take()) {
            EpollItem item;
            while ((item = takeFirst()) != null) {
                if (item.pollNow() != 0) {
                    prepend(item);
                    return READY;
                }
            }
            return 0;
        }
    }

    @Override
    public WaitQueue waitQueue() {
        return queue;
    }

    /** Called with the lock of the queue of the item's file held; whether somebody who slept here has been woken. */
    boolean mayBeReady(EpollItem item) {
        append(item);
        return queue.wake(READY);
    }

    private EpollItem lastListed() {
        try (Mutex _ = listLock.take()) {
            return last;
        }
    }

    private EpollItem takeFirst() {
        try (Mutex _ = listLock.take()) {
            EpollItem item = first;
            if (item != null) {
                unlink(item);
            }
            return item;
        }
    }

    private void append(EpollItem item) {
        try (Mutex _ = listLock.take()) {
            if (item.listed) {
                return;
            }
            item.listed = true;
            item.previous = last;
            if (last == null) {
                first = item;
            } else {
                last.next = item;
            }
            last = item;
        }
    }

    private void prepend(EpollItem item) {
        try (Mutex _ = listLock.take()) {
            if (item.listed) {
                return;
            }
            item.listed = true;
            item.next = first;
            if (first == null) {
                last = item;
            } else {
                first.previous = item;
            }
            first = item;
        }
    }

    private void unlist(EpollItem item) {
        try (Mutex _ = listLock.take()) {
            if (item.listed) {
                unlink(item);
            }
        }
    }

    private void unlink(EpollItem item) {
        if (item.previous == null) {
            first = item.next;
        } else {
            item.previous.next = item.next;
        }
        if (item.next == null) {
            last = item.previous;
        } else {
            item.next.previous = item.previous;
        }
        item.next = null;
        item.previous = null;
        item.listed = false;
    }

    // ---- Restorable

    /** Those that may be ready come first, in the order of their list. */
    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            StateRecord record = new StateRecord("epoll", 1).putList("items");
            try (Mutex _ = listLock.take()) {
                for (EpollItem item = first; item != null; item = item.next) {
                    item.save(record.add("items"));
                }
                for (EpollItem item : items.values()) {
                    if (!item.listed) {
                        item.save(record.add("items"));
                    }
                }
            }
            return record.putCores("watching", List.copyOf(watching)).putCores("watchedBy", List.copyOf(watchedBy));
        }
    }

    /** The memory that items take stays charged. */
    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            for (EpollItem item : items.values()) {
                item.stopListening();
                item.key.file().removeReleaseListener(item);
                unlist(item);
            }
            items.clear();
            watching.clear();
            watchedBy.clear();
        }
    }

    /**
     * All items come onto the list: timers and the host go on meanwhile, and what they told while nobody listened is to be seen. That
     * an edge may be told once more does no harm (epoll(7)).
     */
    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            for (StateRecord one : record.items("items")) {
                EpollItem item = EpollItem.restored(this, one);
                items.put(item.key, item);
                item.key.file().addReleaseListener(item);
                item.listen();
                append(item);
            }
            record.cores("watching").forEach(inner -> watching.add((EpollFile) inner));
            record.cores("watchedBy").forEach(outer -> watchedBy.add((EpollFile) outer));
        }
    }

    // ---- nesting; guarded by EpollNesting

    final List<EpollFile> watching = new ArrayList<>();
    final List<EpollFile> watchedBy = new ArrayList<>();
}
