// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.Locale;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.api.wait.Waiter;

/** What an epoll instance is told to watch: one descriptor number with the description that it meant then (epoll(7), Q6). */
final class EpollItem implements Waiter, FileDescription.ReleaseListener {

    /** Bits of events that say how to report, not what. */
    private static final int MODES = Poll.EPOLLET | Poll.EPOLLONESHOT | Poll.EPOLLEXCLUSIVE | Poll.EPOLLWAKEUP;

    /** Of a device number inside Linux. */
    private static final int KERNEL_MINOR_BITS = 20;

    final EpollFile owner;
    /** Whose memory it takes. */
    final Cgroup cgroup;
    final Key key;
    final WaitQueue queue;
    private final WaitQueue.Entry entry = new WaitQueue.Entry(this);

    /** Written with the owner's monitor held. */
    private volatile int events;
    private volatile boolean disarmed;
    long data;

    /** Place in the owner's list of what may be ready; guarded by its lock. */
    EpollItem next;
    EpollItem previous;
    boolean listed;

    EpollItem(EpollFile owner, Cgroup cgroup, Key key, WaitQueue queue, int events, long data) {
        this.owner = owner;
        this.cgroup = cgroup;
        this.key = key;
        this.queue = queue;
        this.events = events;
        this.data = data;
    }

    /** A descriptor number and what it referred to. */
    record Key(int fd, FileDescription file) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && key.fd == fd && key.file == file;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(file) * 31 + fd;
        }
    }

    void listen() {
        if (isExclusive()) {
            queue.addExclusive(entry, mask());
        } else {
            queue.add(entry, mask());
        }
    }

    void stopListening() {
        queue.remove(entry);
    }

    /** epoll_ctl(2) EPOLL_CTL_MOD. */
    void change(int newEvents, long newData) {
        stopListening();
        events = newEvents;
        data = newData;
        disarmed = false;
        listen();
    }

    /** What it waits for; errors and hang-ups are always reported (epoll_ctl(2)). */
    private int mask() {
        return events & ~MODES | Poll.EPOLLERR | Poll.EPOLLHUP;
    }

    /** The line of proc(5), fdinfo. Without the owner's lock. */
    String info() {
        Inode inode = key.file.inode();
        long device = inode.fileSystem().device();
        return String.format(Locale.ROOT, "tfd: %8d events: %8x data: %16x  pos:%d ino:%x sdev:%x\n", key.fd,
                events | Poll.EPOLLERR | Poll.EPOLLHUP, data, key.file.position(), inode.ino(),
                (long) Mode.major(device) << KERNEL_MINOR_BITS | Mode.minor(device));
    }

    /** The events that are true now and asked for; 0 after an EPOLLONESHOT report. */
    int pollNow() {
        return disarmed ? 0 : key.file.operations().poll(key.file) & mask();
    }

    void reported() {
        if ((events & Poll.EPOLLONESHOT) != 0) {
            disarmed = true;
        }
    }

    /** Whether it is reported again and again while its events stay true. */
    boolean isLevelTriggered() {
        return (events & (Poll.EPOLLET | Poll.EPOLLONESHOT)) == 0;
    }

    boolean isExclusive() {
        return (events & Poll.EPOLLEXCLUSIVE) != 0;
    }

    @Override
    public void wake(int happened) {
        wakeIfAsleep(happened);
    }

    /** An instance that nobody waits at takes note, and leaves the event to the next one (epoll_ctl(2), EPOLLEXCLUSIVE). */
    @Override
    public boolean wakeIfAsleep(int happened) {
        return !disarmed && (happened & mask()) != 0 && owner.mayBeReady(this);
    }

    @Override
    public void released(FileDescription file) {
        owner.forget(this);
    }

    void save(StateRecord record) {
        record.put("fd", key.fd).putCore("file", key.file).putCore("cgroup", cgroup).putCore("queue", queue).put("events", events)
                .put("disarmed", disarmed).put("data", data);
    }

    static EpollItem restored(EpollFile owner, StateRecord record) {
        Key key = new Key(record.requireInt("fd"), record.requireCore("file", FileDescription.class));
        EpollItem item = new EpollItem(owner, record.requireCore("cgroup", Cgroup.class), key,
                record.requireCore("queue", WaitQueue.class), record.requireInt("events"), record.requireLong("data"));
        item.disarmed = record.getBoolean("disarmed", false);
        return item;
    }
}
