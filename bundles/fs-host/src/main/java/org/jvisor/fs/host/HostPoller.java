// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.EpollEventLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.wait.ServiceThread;

/**
 * Tells of events on host descriptors: one thread in epoll_wait(2) for all of them. A descriptor is armed by those
 * who wait and disarmed by the event (EPOLLONESHOT), so that data nobody waits for costs nothing. Any thread.
 *
 * <p>A listener that fails, for lack of memory perhaps, is told of the event again, up to {@link #ATTEMPTS} times; the others' events
 * come after that.
 */
final class HostPoller implements AutoCloseable {

    private static final int BATCH = 32;
    private static final long CLOSE_TOKEN = 0;
    private static final int ATTEMPTS = 5;

    private final HostKernel host;
    private final int epoll;
    private final int wakeUp;
    private final ConcurrentMap<Long, Listener> listeners = new ConcurrentHashMap<>();
    private final AtomicLong lastToken = new AtomicLong(CLOSE_TOKEN);

    // The thread's own: what epoll_wait(2) has told last, and how much of it has been passed on.
    private final long events;
    private long told;
    private long passedOn;
    private int attempts;

    HostPoller(HostKernel host) {
        this.host = host;
        epoll = (int) ErrnoException.check(host.syscall(SyscallNr.EPOLL_CREATE1, Poll.EPOLL_CLOEXEC));
        wakeUp = (int) ErrnoException.check(host.syscall(SyscallNr.EVENTFD2, 0, Poll.EFD_CLOEXEC | Poll.EFD_NONBLOCK));
        ErrnoException.check(control(Poll.EPOLL_CTL_ADD, wakeUp, Poll.POLLIN, CLOSE_TOKEN));
        events = host.allocate((long) BATCH * EpollEventLayout.SIZE);
        new ServiceThread("host-poller", 0, this::tellNext, this::end).start();
    }

    /** Who hears of events. Called by the poller's thread: must not block. */
    @FunctionalInterface
    interface Listener {
        /** The descriptor is disarmed now. */
        void happened(int events);
    }

    /**
     * Takes a descriptor on, disarmed.
     *
     * @return what it is known by from now on, or -EPERM for a file that is always ready
     */
    long add(int fd, Listener listener) {
        long token = lastToken.incrementAndGet();
        listeners.put(token, listener);
        long result = control(Poll.EPOLL_CTL_ADD, fd, Poll.EPOLLONESHOT, token);
        if (result < 0) {
            listeners.remove(token);
            return result;
        }
        return token;
    }

    /** The next of {@code events}, one that is true already included, is told to the listener. */
    void arm(int fd, long token, int events) {
        control(Poll.EPOLL_CTL_MOD, fd, events | Poll.EPOLLONESHOT, token);
    }

    /** Before the descriptor is closed. */
    void remove(int fd, long token) {
        listeners.remove(token);
        host.syscall(SyscallNr.EPOLL_CTL, epoll, Poll.EPOLL_CTL_DEL, fd);
    }

    private long control(int operation, int fd, int events, long token) {
        long event = host.allocate(EpollEventLayout.SIZE);
        try {
            host.putInt(event + EpollEventLayout.EVENTS, events);
            host.putLong(event + EpollEventLayout.DATA, token);
            return host.syscall(SyscallNr.EPOLL_CTL, epoll, operation, fd, event);
        } finally {
            host.free(event);
        }
    }

    /** Passes one event on, or waits for more. */
    private boolean tellNext() {
        if (passedOn < told) {
            long event = events + passedOn * EpollEventLayout.SIZE;
            boolean open = attempts++ == ATTEMPTS
                    || dispatch(host.getLong(event + EpollEventLayout.DATA), host.getInt(event + EpollEventLayout.EVENTS));
            passedOn++;
            attempts = 0;
            return open;
        }
        long count = host.syscall(SyscallNr.EPOLL_WAIT, epoll, events, BATCH, -1);
        if (count < 0 && count != -Errno.EINTR) {
            throw new IllegalStateException("epoll_wait: " + Errno.name((int) -count));
        }
        passedOn = 0;
        told = Math.max(count, 0);
        return true;
    }

    private void end() {
        host.free(events);
        host.syscall(SyscallNr.CLOSE, epoll);
        host.syscall(SyscallNr.CLOSE, wakeUp);
    }

    /** False when the poller is to end. */
    private boolean dispatch(long token, int events) {
        if (token == CLOSE_TOKEN) {
            return false;
        }
        Listener listener = listeners.get(token);
        if (listener != null) {
            listener.happened(events);
        }
        return true;
    }

    @Override
    public void close() {
        long one = host.allocate(Long.BYTES);
        try {
            host.putLong(one, 1);
            host.syscall(SyscallNr.WRITE, wakeUp, one, Long.BYTES);
        } finally {
            host.free(one);
        }
    }
}
