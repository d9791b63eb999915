// SPDX-License-Identifier: Apache-2.0
// poll, select, epoll in all its modes, eventfd, timerfd.
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

static void *volatile nowhere = (void *)8;
static volatile unsigned too_many = 1 << 30;
static char buffer[70000];
static volatile sig_atomic_t alarms;
static void on_alarm(int s) { (void)s; alarms++; }

static long now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000 + t.tv_nsec / 1000000; }

static void polls(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    struct pollfd f[4] = {{.fd = p[0], .events = POLLIN}, {.fd = -1, .events = POLLIN}, {.fd = 999, .events = POLLIN}, {.fd = p[1]}};
    CHECK(poll(f, 4, PATIENCE) == 1 && f[0].revents == 0 && f[1].revents == 0 && f[2].revents == POLLNVAL && f[3].revents == 0);
    long before = now_ms();
    CHECK(poll(f, 1, 30) == 0 && now_ms() - before >= 29);
    CHECK(poll(0, 0, 1) == 0);
    CHECK_ERRNO(poll(nowhere, 1, 0), EFAULT);
    CHECK_ERRNO(poll(f, too_many, 0), EINVAL);
    int file = open("/tmp", O_RDONLY);
    f[0] = (struct pollfd){.fd = file, .events = POLLIN | POLLOUT};
    CHECK(poll(f, 1, 0) == 1 && f[0].revents == (POLLIN | POLLOUT));
    struct timespec t = {0, 20000000};
    f[0] = (struct pollfd){.fd = p[0], .events = POLLIN};
    CHECK(ppoll(f, 1, &t, 0) == 0);
    t.tv_nsec = 1000000000;
    CHECK_ERRNO(ppoll(f, 1, &t, 0), EINVAL);
    pid_t child = fork();
    if (child == 0) { usleep(20000); _exit(write(p[1], "x", 1) != 1); }
    CHECK(poll(f, 1, -1) == 1 && f[0].revents == POLLIN && waitpid(child, 0, 0) == child);
    close(p[0]); close(p[1]); close(file);
}

// Far more than a few, some of them not meant, the same one again and again: they wait and are woken as well.
static void crowds(void) {
    enum { MANY = 1000 };
    static struct pollfd f[MANY];
    int p[2], high;
    CHECK(pipe(p) == 0);
    for (int i = 0; i < MANY; i++) f[i] = (struct pollfd){.fd = i % 5 ? p[0] : -1 - i, .events = POLLIN, .revents = -1};
    CHECK(poll(f, MANY, 1) == 0 && f[0].revents == 0 && f[1].revents == 0);
    for (int i = 0; i < MANY; i++) f[i].revents = -1;
    pid_t child = fork();
    if (child == 0) { usleep(20000); _exit(write(p[1], "x", 1) != 1); }
    CHECK(poll(f, MANY, -1) == MANY / 5 * 4 && waitpid(child, 0, 0) == child);
    for (int i = 0; i < MANY; i++) CHECK(f[i].revents == (i % 5 ? POLLIN : 0));
    f[MANY - 1].fd = 999;
    CHECK(poll(f, MANY, -1) == MANY / 5 * 4 && f[MANY - 1].revents == POLLNVAL);
    CHECK(read(p[0], buffer, 1) == 1);
    CHECK(poll(f, MANY, -1) == 1 && f[MANY - 1].revents == POLLNVAL && f[1].revents == 0);
    fd_set in, out;
    high = fcntl(p[1], F_DUPFD, 900);
    FD_ZERO(&in); FD_ZERO(&out);
    FD_SET(p[0], &in); FD_SET(high, &in); FD_SET(high, &out); FD_SET(p[1], &out);
    CHECK(select(high + 1, &in, &out, 0, 0) == 2 && FD_ISSET(high, &out) && FD_ISSET(p[1], &out) && !FD_ISSET(high, &in));
    FD_SET(p[0], &in); FD_SET(700, &in);
    CHECK_ERRNO(select(high + 1, &in, 0, 0, 0), EBADF);
    FD_CLR(700, &in);
    CHECK(write(high, "x", 1) == 1 && select(high + 1, &in, 0, 0, 0) == 1 && FD_ISSET(p[0], &in));
    close(p[0]); close(p[1]); close(high);
}

static void interrupts(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &a, 0) == 0);
    // Again and again: the first may come before the wait.
    struct itimerval timer = {.it_value.tv_usec = 30000, .it_interval.tv_usec = 30000}, never = {0};
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    CHECK(setitimer(ITIMER_REAL, &timer, 0) == 0);
    CHECK_ERRNO(poll(&f, 1, -1), EINTR);
    fd_set set; FD_ZERO(&set); FD_SET(p[0], &set);
    CHECK(setitimer(ITIMER_REAL, &timer, 0) == 0);
    CHECK_ERRNO(select(p[0] + 1, &set, 0, 0, 0), EINTR);
    int e = epoll_create1(0); struct epoll_event event = {.events = EPOLLIN};
    CHECK(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &event) == 0);
    CHECK(setitimer(ITIMER_REAL, &timer, 0) == 0);
    CHECK_ERRNO(epoll_wait(e, &event, 1, -1), EINTR);
    // A signal that only the call itself lets in.
    sigset_t blocked, none; sigemptyset(&none); sigemptyset(&blocked); sigaddset(&blocked, SIGALRM);
    CHECK(setitimer(ITIMER_REAL, &never, 0) == 0 && sigprocmask(SIG_BLOCK, &blocked, 0) == 0);
    raise(SIGALRM);
    int before = alarms;
    CHECK(poll(&f, 1, 10) == 0 && alarms == before);
    CHECK_ERRNO(ppoll(&f, 1, 0, &none), EINTR);
    CHECK(alarms == before + 1);
    raise(SIGALRM);
    CHECK_ERRNO(epoll_pwait(e, &event, 1, -1, &none), EINTR);
    CHECK(alarms == before + 2);
    raise(SIGALRM);
    FD_ZERO(&set); FD_SET(p[0], &set);
    CHECK_ERRNO(pselect(p[0] + 1, &set, 0, 0, 0, &none), EINTR);
    CHECK(alarms == before + 3 && sigprocmask(SIG_UNBLOCK, &blocked, 0) == 0);
    // Something that is ready comes before the signal... or the signal is handled on return.
    CHECK(write(p[1], "x", 1) == 1 && ppoll(&f, 1, 0, &none) == 1);
    close(p[0]); close(p[1]); close(e);
}

static void selects(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    fd_set r, w, x; FD_ZERO(&r); FD_ZERO(&w); FD_ZERO(&x);
    FD_SET(p[0], &r); FD_SET(p[1], &w); FD_SET(p[0], &x);
    CHECK(select(p[1] + 1, &r, &w, &x, 0) == 1 && !FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w) && !FD_ISSET(p[0], &x));
    FD_SET(p[0], &r);
    struct timeval t = {0, 20000};
    CHECK(select(p[0] + 1, &r, 0, 0, &t) == 0 && t.tv_sec == 0 && t.tv_usec == 0 && !FD_ISSET(p[0], &r));
    FD_SET(p[0], &r);
    CHECK(write(p[1], "x", 1) == 1 && select(p[0] + 1, &r, 0, 0, 0) == 1 && FD_ISSET(p[0], &r));
    FD_ZERO(&r); FD_SET(777, &r);
    CHECK(select(800, &r, 0, 0, &(struct timeval){0, 0}) <= 0);
    FD_ZERO(&r); FD_SET(p[1] + 1, &r); CHECK(dup2(p[0], p[1] + 2) >= 0);
    CHECK_ERRNO(select(p[1] + 2, &r, 0, 0, &(struct timeval){0, 0}), EBADF);
    CHECK_ERRNO(select(-1, 0, 0, 0, 0), EINVAL);
    CHECK_ERRNO(select(0, 0, 0, 0, &(struct timeval){-1, 0}), EINVAL);
    CHECK(select(0, 0, 0, 0, &(struct timeval){0, 1000}) == 0);
    // A hang-up counts as readable, not as writable.
    close(p[1] + 2);
    CHECK(close(p[1]) == 0 && read(p[0], buffer, 9) == 1);
    FD_ZERO(&r); FD_SET(p[0], &r); w = r;
    CHECK(select(p[0] + 1, &r, 0, 0, 0) == 1);
    close(p[0]);
    // Also the highest one, and more, is closed; what no descriptor table is as long as is not looked at.
    close(p[1]);
    FD_ZERO(&r); FD_SET(p[1], &r); t = (struct timeval){0};
    CHECK_ERRNO(select(p[1] + 1, &r, 0, 0, &t), EBADF);
}

static int ready(int e, struct epoll_event *events) { return epoll_wait(e, events, 8, 0); }

static void epolls(void) {
    struct epoll_event v[8], in = {.events = EPOLLIN, .data.u64 = 0x1122334455667788};
    int p[2], e = epoll_create1(EPOLL_CLOEXEC);
    CHECK(pipe(p) == 0 && e >= 0 && fcntl(e, F_GETFD) == FD_CLOEXEC);
    CHECK(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &in) == 0);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &in), EEXIST);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_MOD, p[1], &in), ENOENT);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_DEL, p[1], 0), ENOENT);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, e, &in), EINVAL);
    CHECK_ERRNO(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &in), EINVAL);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, 999, &in), EBADF);
    CHECK_ERRNO(epoll_ctl(e, 77, p[0], &in), EINVAL);
    CHECK_ERRNO(epoll_wait(e, v, 0, 0), EINVAL);
    int file = open("/etc/passwd", O_RDONLY);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, file, &in), EPERM);
    CHECK(ready(e, v) == 0);
    // Level-triggered: again and again.
    CHECK(write(p[1], "ab", 2) == 2);
    CHECK(ready(e, v) == 1 && v[0].events == EPOLLIN && v[0].data.u64 == in.data.u64 && ready(e, v) == 1);
    struct pollfd f = {.fd = e, .events = POLLIN};
    CHECK(poll(&f, 1, 0) == 1 && f.revents == POLLIN);
    CHECK(read(p[0], buffer, 1) == 1 && ready(e, v) == 1 && read(p[0], buffer, 1) == 1 && ready(e, v) == 0 && poll(&f, 1, 0) == 0);
    // Edge-triggered: once an event.
    in.events = EPOLLIN | EPOLLET;
    CHECK(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &in) == 0 && ready(e, v) == 0);
    CHECK(write(p[1], "a", 1) == 1 && ready(e, v) == 1 && ready(e, v) == 0);
    CHECK(write(p[1], "a", 1) == 1 && ready(e, v) == 1 && ready(e, v) == 0 && read(p[0], buffer, 9) == 2 && ready(e, v) == 0);
    // Once, then to be armed anew.
    in.events = EPOLLIN | EPOLLONESHOT;
    CHECK(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &in) == 0 && write(p[1], "a", 1) == 1 && ready(e, v) == 1 && ready(e, v) == 0);
    CHECK(write(p[1], "a", 1) == 1 && ready(e, v) == 0);
    CHECK(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &in) == 0 && ready(e, v) == 1 && ready(e, v) == 0 && read(p[0], buffer, 9) == 2);
    // The description counts, not the descriptor.
    in.events = EPOLLIN;
    CHECK(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &in) == 0);
    int copy = dup(p[0]);
    CHECK(close(p[0]) == 0 && write(p[1], "a", 1) == 1 && ready(e, v) == 1);
    CHECK(close(copy) == 0 && ready(e, v) == 0);
    close(p[1]);
    // Several, a hang-up unasked.
    int a[2], b[2];
    CHECK(pipe(a) == 0 && pipe(b) == 0);
    in.events = 0; in.data.u64 = 1; CHECK(epoll_ctl(e, EPOLL_CTL_ADD, a[0], &in) == 0);
    in.events = EPOLLOUT; in.data.u64 = 2; CHECK(epoll_ctl(e, EPOLL_CTL_ADD, b[1], &in) == 0);
    CHECK(close(a[1]) == 0 && ready(e, v) == 2 && v[0].data.u64 + v[1].data.u64 == 3);
    CHECK(epoll_wait(e, v, 1, 0) == 1 && epoll_wait(e, v + 1, 1, 0) == 1 && v[0].data.u64 + v[1].data.u64 == 3);
    CHECK(epoll_ctl(e, EPOLL_CTL_DEL, b[1], 0) == 0 && ready(e, v) == 1 && v[0].events == EPOLLHUP);
    in.events = EPOLLIN | EPOLLEXCLUSIVE;
    CHECK(epoll_ctl(e, EPOLL_CTL_ADD, b[0], &in) == 0);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_MOD, b[0], &in), EINVAL);
    // Nested, but not in a circle.
    int outer = epoll_create(1);
    in.events = EPOLLIN;
    CHECK(epoll_ctl(outer, EPOLL_CTL_ADD, e, &in) == 0 && ready(outer, v) == 1);
    CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, outer, &in), ELOOP);
    CHECK(close(a[0]) == 0 && ready(outer, v) == 0 && write(b[1], "x", 1) == 1 && ready(outer, v) == 1);
    int chain[6];
    for (int i = 0; i < 6; i++) {
        chain[i] = epoll_create1(0);
        if (i == 5) CHECK_ERRNO(epoll_ctl(chain[i], EPOLL_CTL_ADD, chain[i - 1], &in), ELOOP);
        else if (i > 0) CHECK(epoll_ctl(chain[i], EPOLL_CTL_ADD, chain[i - 1], &in) == 0);
    }
    long before = now_ms();
    CHECK(epoll_wait(chain[0], v, 8, 30) == 0 && now_ms() - before >= 29);
    CHECK_ERRNO(epoll_create(0), EINVAL);
    CHECK_ERRNO(epoll_create1(1), EINVAL);
}

struct shared { int epoll, fd; };
static void *waiter(void *arg) {
    struct shared *s = arg; long seen = 0; struct epoll_event v;
    while (epoll_wait(s->epoll, &v, 1, -1) == 1) {
        uint64_t n;
        if (v.data.u64 == 2) break;
        if (read(s->fd, &n, 8) == 8) seen += n;
    }
    return (void *)seen;
}

static void many_waiters(void) {
    struct shared s = {epoll_create1(0), eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE)};
    int stop = eventfd(0, 0);
    struct epoll_event in = {.events = EPOLLIN, .data.u64 = 1};
    CHECK(epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.fd, &in) == 0);
    pthread_t t[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&t[i], 0, waiter, &s) == 0);
    uint64_t one = 1;
    for (int i = 0; i < 500; i++) CHECK(write(s.fd, &one, 8) == 8);
    struct pollfd f = {.fd = s.fd, .events = POLLIN};
    while (poll(&f, 1, 0) == 1) usleep(1000);
    in.data.u64 = 2;
    CHECK(epoll_ctl(s.epoll, EPOLL_CTL_ADD, stop, &in) == 0 && write(stop, &one, 8) == 8);
    long total = 0;
    for (int i = 0; i < 4; i++) { void *seen; CHECK(pthread_join(t[i], &seen) == 0); total += (long)seen; }
    CHECK(total == 500);
}

static void eventfds(void) {
    uint64_t n;
    int e = eventfd(3, EFD_NONBLOCK);
    CHECK(read(e, &n, 8) == 8 && n == 3);
    CHECK_ERRNO(read(e, &n, 8), EAGAIN);
    CHECK_ERRNO(read(e, &n, 7), EINVAL);
    CHECK_ERRNO(write(e, &n, 7), EINVAL);
    n = UINT64_MAX;
    CHECK_ERRNO(write(e, &n, 8), EINVAL);
    n = UINT64_MAX - 1;
    struct pollfd f = {.fd = e, .events = POLLIN | POLLOUT};
    CHECK(poll(&f, 1, 0) == 1 && f.revents == POLLOUT);
    CHECK(write(e, &n, 8) == 8 && poll(&f, 1, 0) == 1 && f.revents == POLLIN);
    n = 1;
    CHECK_ERRNO(write(e, &n, 8), EAGAIN);
    CHECK(read(e, &n, 8) == 8 && n == UINT64_MAX - 1);
    int s = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK(read(s, &n, 8) == 8 && n == 1 && read(s, &n, 8) == 8 && n == 1);
    CHECK_ERRNO(read(s, &n, 8), EAGAIN);
    CHECK_ERRNO(eventfd(0, 64), EINVAL);
}

static void timerfds(void) {
    uint64_t n; struct itimerspec s = {.it_value.tv_nsec = 20000000, .it_interval.tv_nsec = 10000000}, old;
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK(t >= 0);
    CHECK_ERRNO(read(t, &n, 8), EAGAIN);
    CHECK(timerfd_settime(t, 0, &s, &old) == 0 && old.it_value.tv_nsec == 0 && old.it_value.tv_sec == 0);
    CHECK(timerfd_gettime(t, &old) == 0 && old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 20000000 && old.it_interval.tv_nsec == 10000000);
    struct pollfd f = {.fd = t, .events = POLLIN};
    CHECK(poll(&f, 1, PATIENCE) == 1 && read(t, &n, 8) == 8 && n >= 1);
    usleep(35000);
    CHECK(read(t, &n, 8) == 8 && n >= 3);
    CHECK(poll(&f, 1, PATIENCE) == 1 && read(t, &n, 8) == 8);
    memset(&s, 0, sizeof s);
    CHECK(timerfd_settime(t, 0, &s, 0) == 0 && poll(&f, 1, 30) == 0);
    // Absolute times, also past ones.
    clock_gettime(CLOCK_MONOTONIC, &s.it_value);
    CHECK(timerfd_settime(t, TFD_TIMER_ABSTIME, &s, 0) == 0 && poll(&f, 1, PATIENCE) == 1 && read(t, &n, 8) == 8 && n == 1);
    int r = timerfd_create(CLOCK_REALTIME, 0);
    clock_gettime(CLOCK_REALTIME, &s.it_value);
    s.it_value.tv_nsec += 20000000; if (s.it_value.tv_nsec >= 1000000000) { s.it_value.tv_nsec -= 1000000000; s.it_value.tv_sec++; }
    CHECK(timerfd_settime(r, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, 0) == 0 && read(r, &n, 8) == 8 && n == 1);
    s.it_value.tv_nsec = 1000000000;
    CHECK_ERRNO(timerfd_settime(r, 0, &s, 0), EINVAL);
    CHECK_ERRNO(timerfd_settime(0, 0, &(struct itimerspec){0}, 0), EINVAL);
    CHECK_ERRNO(timerfd_create(99, 0), EINVAL);
    CHECK_ERRNO(read(t, &n, 4), EINVAL);
    // An interval of one nanosecond does no harm.
    s = (struct itimerspec){.it_value.tv_nsec = 1, .it_interval.tv_nsec = 1};
    CHECK(timerfd_settime(t, 0, &s, 0) == 0);
    usleep(1000);
    CHECK(read(t, &n, 8) == 8 && n > 100000);
}

int main(void) {
    polls(); crowds(); interrupts(); selects(); epolls(); many_waiters(); eventfds(); timerfds();
    return 0;
}
