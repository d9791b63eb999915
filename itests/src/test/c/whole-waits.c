// SPDX-License-Identifier: Apache-2.0
// Calls that wait do so once and to their end, and what they would tell of an interruption they tell only of a signal's.
// nanosleep(2), clock_nanosleep(2), ppoll(2), select(2), futex(2), sigtimedwait(2), wait(2), signal(7).
#include "check.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#define MS 1000000L

static long now_ns(clockid_t clock) {
    struct timespec t;
    CHECK(clock_gettime(clock, &t) == 0);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static struct timespec ms(long n) {
    return (struct timespec) {n / 1000, n % 1000 * MS};
}

static volatile int handled, quit;

static void handler(int signal) {
    handled++;
}

static void handle(int signal, int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    CHECK(sigaction(signal, &action, 0) == 0);
    handled = 0;
}

// A thread that acts once the main thread sleeps in the call that it is to make.
struct other {
    pthread_t thread;
    void (*act)(void *);
    void *argument;
    pid_t waits;
};

static void *run_other(void *argument) {
    struct other *o = argument;
    asleep_thread(getpid(), o->waits);
    o->act(o->argument);
    return 0;
}

static void when_asleep(struct other *o, void (*act)(void *), void *argument) {
    *o = (struct other) {.act = act, .argument = argument, .waits = gettid()};
    CHECK(pthread_create(&o->thread, 0, run_other, o) == 0);
}

static void join(struct other *o) {
    CHECK(pthread_join(o->thread, 0) == 0);
}

static void *burn(void *argument) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, 0);
    while (!quit) {}
    return 0;
}

static void sleeps(void) {
    for (int i = 0; i < 3; i++) {
        struct timespec want = ms(10), rest = {7, 7};
        long before = now_ns(CLOCK_MONOTONIC);
        CHECK(nanosleep(&want, &rest) == 0 && rest.tv_sec == 7 && rest.tv_nsec == 7);
        CHECK(now_ns(CLOCK_MONOTONIC) - before >= 10 * MS);
        CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &want, &rest) == 0 && rest.tv_sec == 7 && rest.tv_nsec == 7);
    }
    // By the process's own time, of which a thread uses some: it ends.
    pthread_t burner;
    quit = 0;
    CHECK(pthread_create(&burner, 0, burn, 0) == 0);
    struct timespec want = ms(50);
    long before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &want, 0) == 0);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - before >= 50 * MS);
    quit = 1;
    CHECK(pthread_join(burner, 0) == 0);
}

static void signal_process(void *signal) {
    CHECK(kill(getpid(), (int)(intptr_t)signal) == 0);
}

static void sleeps_with_a_handler(void) {
    handle(SIGUSR1, SA_RESTART); // sleeps end all the same
    struct other o;
    struct timespec want = {100, 0}, rest = {0, 0};
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    CHECK_ERRNO(nanosleep(&want, &rest), EINTR);
    CHECK(handled == 1 && rest.tv_sec > 0 && rest.tv_sec < 100);
    join(&o);
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    struct timespec end;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
    end.tv_sec += 100;
    rest = (struct timespec) {7, 7};
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, &rest) == EINTR);
    CHECK(rest.tv_sec == 7 && rest.tv_nsec == 7);
    join(&o);
}

struct watched {
    int fd;
    volatile long *words; // what the call must leave alone as long as it waits
    long values[8];
    int count;
};

static void look_and_write(void *argument) {
    struct watched *w = argument;
    for (int i = 0; i < w->count; i++) CHECK(w->words[i] == w->values[i]);
    CHECK(write(w->fd, "x", 1) == 1);
}

static void watch(struct watched *w, int fd, volatile void *words, int count) {
    w->fd = fd;
    w->words = words;
    w->count = count;
    for (int i = 0; i < count; i++) w->values[i] = w->words[i];
}

static void timeouts(void) {
    int ends[2];
    char byte;
    struct other o;
    struct watched w;
    CHECK(pipe(ends) == 0);
    struct { struct timespec left; struct pollfd fds[1]; } p = {{100, 5}, {{ends[0], POLLIN, 0x55}}};
    watch(&w, ends[1], &p, sizeof p / sizeof(long));
    when_asleep(&o, look_and_write, &w);
    CHECK(syscall(SYS_ppoll, p.fds, 1, &p.left, 0, 0) == 1 && p.fds[0].revents == POLLIN);
    CHECK(p.left.tv_sec > 0 && p.left.tv_sec < 100); // the call itself tells what is left, unlike libc's
    join(&o);
    CHECK(read(ends[0], &byte, 1) == 1);

    struct { struct timeval left; long bits[8]; } s = {{100, 5}, {0}};
    fd_set *set = (fd_set *)s.bits;
    s.bits[0] = 1L << ends[0];
    watch(&w, ends[1], &s, 3);
    when_asleep(&o, look_and_write, &w);
    CHECK(syscall(SYS_select, ends[0] + 1, set, 0, 0, &s.left) == 1 && s.bits[0] == 1L << ends[0]);
    CHECK(s.left.tv_sec > 0 && s.left.tv_sec < 100);
    join(&o);
    CHECK(read(ends[0], &byte, 1) == 1);

    // To the end of the time, not less of it.
    long before = now_ns(CLOCK_MONOTONIC);
    p.left = ms(20);
    CHECK(syscall(SYS_ppoll, p.fds, 1, &p.left, 0, 0) == 0 && p.left.tv_sec == 0 && p.left.tv_nsec == 0);
    s.left = (struct timeval) {0, 20000};
    CHECK(syscall(SYS_select, ends[0] + 1, set, 0, 0, &s.left) == 0 && s.bits[0] == 0);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK(epoll_wait(epoll, &event, 1, 20) == 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 60 * MS);

    int sockets[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    struct timeval limit = {0, 20000};
    CHECK(setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    before = now_ns(CLOCK_MONOTONIC);
    CHECK_ERRNO(read(sockets[0], &byte, 1), EAGAIN);
    CHECK_ERRNO(recv(sockets[0], &byte, 1, MSG_WAITALL), EAGAIN);
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 36 * MS); // its clock has coarse ticks on Linux

    sigset_t set_of_one;
    sigemptyset(&set_of_one);
    sigaddset(&set_of_one, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set_of_one, 0) == 0);
    struct timespec wait = ms(20);
    before = now_ns(CLOCK_MONOTONIC);
    CHECK_ERRNO(sigtimedwait(&set_of_one, 0, &wait), EAGAIN);
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 20 * MS);
    close(epoll);
    close(ends[0]);
    close(ends[1]);
    close(sockets[0]);
    close(sockets[1]);
}

static int words[2];

static long futex(int *word, int operation, int value, void *timeout, int *word2, int value3) {
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, word2, value3);
}

static void wake(void *count) {
    *(long *)count = futex(words, FUTEX_WAKE, 10, 0, 0, 0);
}

static void requeue_and_wake(void *count) {
    long moved = futex(words, FUTEX_CMP_REQUEUE, 0, (void *)10, words + 1, 0);
    long woken = futex(words + 1, FUTEX_WAKE, 10, 0, 0, 0);
    *(long *)count = moved * 10 + woken;
}

static void *count_locked(void *mutex) {
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_mutex_lock(mutex) == 0);
        words[1]++;
        if (i % 16 == 0) usleep(100);
        CHECK(pthread_mutex_unlock(mutex) == 0);
    }
    return 0;
}

// Who waits is there to be woken all the while: the word's value tells nothing.
static void futexes(void) {
    struct other o;
    long count;
    for (int i = 0; i < 20; i++) {
        when_asleep(&o, wake, &count);
        CHECK(futex(words, FUTEX_WAIT, 0, 0, 0, 0) == 0);
        join(&o);
        CHECK(count == 1);
        when_asleep(&o, requeue_and_wake, &count);
        struct timespec limit = {100, 0};
        CHECK(futex(words, FUTEX_WAIT, 0, &limit, 0, 0) == 0);
        join(&o);
        CHECK(count == 11);
    }
    struct timespec limit = ms(10);
    CHECK_ERRNO(futex(words, FUTEX_WAIT, 0, &limit, 0, 0), ETIMEDOUT);
    handle(SIGUSR1, 0);
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    limit.tv_sec = 100;
    CHECK_ERRNO(futex(words, FUTEX_WAIT, 0, &limit, 0, 0), EINTR);
    join(&o);
    CHECK(futex(words, FUTEX_WAKE, 1, 0, 0, 0) == 0);

    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    CHECK(pthread_mutexattr_init(&attributes) == 0 && pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
    CHECK(pthread_mutex_init(&mutex, &attributes) == 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], 0, count_locked, &mutex) == 0);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], 0) == 0);
    CHECK(words[1] == 600);
}

static void write_byte(void *fd) {
    CHECK(write(*(int *)fd, "x", 1) == 1);
}

static void signal_and_write(void *fd) {
    signal_process((void *)SIGUSR1);
    while (!handled) usleep(100);
    asleep(getpid());
    write_byte(fd);
}

// signal(7): what SA_RESTART makes of calls.
static void handlers(void) {
    int ends[2];
    char byte;
    struct other o;
    CHECK(pipe(ends) == 0);
    handle(SIGUSR1, SA_RESTART);
    when_asleep(&o, signal_and_write, &ends[1]);
    CHECK(read(ends[0], &byte, 1) == 1 && handled == 1);
    join(&o);
    handle(SIGUSR1, 0);
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
    join(&o);
    handle(SIGUSR1, SA_RESTART);
    struct pollfd one = {ends[0], POLLIN, 0};
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    CHECK_ERRNO(poll(&one, 1, -1), EINTR); // whatever SA_RESTART says
    join(&o);
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    CHECK_ERRNO(pause(), EINTR);
    join(&o);
    sigset_t none, old;
    sigemptyset(&none);
    CHECK(sigprocmask(SIG_SETMASK, 0, &old) == 0);
    when_asleep(&o, signal_process, (void *)SIGUSR1);
    CHECK_ERRNO(sigsuspend(&none), EINTR);
    join(&o);
    sigset_t after;
    CHECK(sigprocmask(SIG_SETMASK, 0, &after) == 0 && memcmp(&old, &after, sizeof(long)) == 0);
    sigset_t usr2;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    when_asleep(&o, signal_process, (void *)SIGUSR2);
    siginfo_t info;
    CHECK(sigwaitinfo(&usr2, &info) == SIGUSR2 && info.si_pid == getpid());
    join(&o);
    close(ends[0]);
    close(ends[1]);
}

static void unlock(void *fd) {
    CHECK(flock(*(int *)fd, LOCK_UN) == 0);
}

static void unlock_range(void *fd) {
    struct flock range = {.l_type = F_UNLCK};
    CHECK(fcntl(*(int *)fd, F_OFD_SETLK, &range) == 0);
}

static void count_up(void *fd) {
    uint64_t one = 1;
    CHECK(write(*(int *)fd, &one, 8) == 8);
}

static void open_to_write(void *name) {
    int fd = open(name, O_WRONLY);
    CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
}

static void of_files(void) {
    struct other o;
    char name[] = "/tmp/jvisor-waits-XXXXXX", byte;
    int held = mkstemp(name), wanted = open(name, O_RDWR);
    CHECK(held >= 0 && wanted >= 0 && unlink(name) == 0);
    CHECK(flock(held, LOCK_EX) == 0);
    when_asleep(&o, unlock, &held);
    CHECK(flock(wanted, LOCK_EX) == 0);
    join(&o);
    struct flock range = {.l_type = F_WRLCK};
    CHECK(fcntl(held, F_OFD_SETLK, &range) == 0);
    when_asleep(&o, unlock_range, &held);
    CHECK(fcntl(wanted, F_OFD_SETLKW, &range) == 0);
    join(&o);

    uint64_t value;
    int event = eventfd(0, 0);
    when_asleep(&o, count_up, &event);
    CHECK(read(event, &value, 8) == 8 && value == 1);
    join(&o);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec once = {.it_value = ms(20)};
    CHECK(timerfd_settime(timer, 0, &once, 0) == 0 && read(timer, &value, 8) == 8 && value == 1);
    sigset_t usr2;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    int signals = signalfd(-1, &usr2, 0);
    when_asleep(&o, signal_process, (void *)SIGUSR2);
    struct signalfd_siginfo info;
    CHECK(read(signals, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR2);
    join(&o);

    CHECK(mkfifo(name, 0600) == 0);
    when_asleep(&o, open_to_write, name);
    int fifo = open(name, O_RDONLY);
    CHECK(fifo >= 0 && read(fifo, &byte, 1) == 1 && read(fifo, &byte, 1) == 0);
    join(&o);
    CHECK(unlink(name) == 0);
    close(fifo);
    close(signals);
    close(timer);
    close(event);
    close(wanted);
    close(held);
}

static void of_children(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    int ends[2];
    CHECK(sigaction(SIGCHLD, &action, 0) == 0 && pipe(ends) == 0);
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0) {
            usleep(3000);
            raise(SIGSTOP);
            char byte;
            _exit(read(ends[0], &byte, 1) == 1 ? 3 : 1);
        }
        int status;
        siginfo_t info;
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        CHECK(kill(child, SIGCONT) == 0);
        CHECK(waitid(P_PID, child, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED);
        CHECK(write(ends[1], "x", 1) == 1);
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3);
        child = vfork();
        if (child == 0) {
            usleep(2000);
            _exit(4);
        }
        CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4);
    }
}

// A stop in the midst of a wait (signal(7)): it goes on, to the end that it had.
static void stopped(void) {
    pid_t child = fork();
    if (child == 0) {
        struct timespec want = ms(60);
        long before = now_ns(CLOCK_MONOTONIC);
        _exit(nanosleep(&want, 0) == 0 && now_ns(CLOCK_MONOTONIC) - before >= 60 * MS ? 0 : 1);
    }
    int status;
    usleep(10000);
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    if (WIFSTOPPED(status)) {
        CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, 0) == child);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    alarm(PATIENCE / 1000);
    sleeps();
    sleeps_with_a_handler();
    timeouts();
    futexes();
    handlers();
    of_files();
    of_children();
    stopped();
    return 0;
}
