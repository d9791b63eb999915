// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Events of poll(2) and epoll(7), flags of eventfd(2). */
public final class Poll {
    // Events of poll(2)
    public static final int POLLIN = 0x1;
    public static final int POLLPRI = 0x2;
    public static final int POLLOUT = 0x4;
    public static final int POLLERR = 0x8;
    public static final int POLLHUP = 0x10;
    public static final int POLLNVAL = 0x20;
    public static final int POLLRDNORM = 0x40;
    public static final int POLLRDBAND = 0x80;
    public static final int POLLWRNORM = 0x100;
    public static final int POLLWRBAND = 0x200;
    public static final int POLLMSG = 0x400;
    public static final int POLLREMOVE = 0x1000;
    public static final int POLLRDHUP = 0x2000;

    // Events of epoll(7)
    public static final int EPOLLIN = 0x1;
    public static final int EPOLLPRI = 0x2;
    public static final int EPOLLOUT = 0x4;
    public static final int EPOLLERR = 0x8;
    public static final int EPOLLHUP = 0x10;
    public static final int EPOLLNVAL = 0x20;
    public static final int EPOLLRDNORM = 0x40;
    public static final int EPOLLRDBAND = 0x80;
    public static final int EPOLLWRNORM = 0x100;
    public static final int EPOLLWRBAND = 0x200;
    public static final int EPOLLMSG = 0x400;
    public static final int EPOLLRDHUP = 0x2000;
    public static final int EPOLLEXCLUSIVE = 0x10000000;
    public static final int EPOLLWAKEUP = 0x20000000;
    public static final int EPOLLONESHOT = 0x40000000;
    public static final int EPOLLET = 0x80000000;

    // Operations of epoll_ctl(2)
    public static final int EPOLL_CTL_ADD = 1;
    public static final int EPOLL_CTL_DEL = 2;
    public static final int EPOLL_CTL_MOD = 3;

    // Flags of epoll_create1(2) and eventfd2(2)
    public static final int EPOLL_CLOEXEC = 02000000;
    public static final int EFD_SEMAPHORE = 01;
    public static final int EFD_CLOEXEC = 02000000;
    public static final int EFD_NONBLOCK = 04000;

    // Sets of select(2), in poll events
    public static final int POLLIN_SET = 0xd9;
    public static final int POLLOUT_SET = 0x30c;
    public static final int POLLEX_SET = 0x2;

    // Highest descriptor of select(2), plus one
    public static final int FD_SETSIZE = 1024;

    private Poll() {
    }
}
