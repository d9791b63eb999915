// SPDX-License-Identifier: Apache-2.0
// Keeps what the kernel's core holds busy, until SIGUSR1: pipes, FIFOs, packets, eventfds, timers, signals, epolls that watch
// each other, locks, shared memory, children. Each result is checked, and nothing may be lost. Says "started", and at its end "ok" and
// how often each worker came round.
#include "load.h"
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

static pid_t child(void) {
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    return pid;
}

static void reap(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
}

// ---- eventfds: what one process adds another takes, one by one from the semaphore, and an epoll tells of both

static void events(const char *unused) {
    (void) unused;
    int counter = eventfd(0, EFD_NONBLOCK), semaphore = eventfd(0, EFD_SEMAPHORE);
    CHECK(counter >= 0 && semaphore >= 0, "eventfd");
    pid_t pid = child();
    if (pid == 0) {
        uint64_t sum = 0;
        for (uint64_t i = 1; !shared->stop; i++) {
            CHECK(write(counter, &i, 8) == 8, "write to a counter");
            sum += i;
            uint64_t one = 1;
            CHECK(write(semaphore, &one, 8) == 8, "write to a semaphore");
            round_done();
        }
        uint64_t last = 1000000007;
        CHECK(write(counter, &last, 8) == 8 && write(semaphore, &last, 8) == 8, "last writes");
        shared->rounds[MAX_WORKERS - 1] = (long) sum;
        exit(0);
    }
    int inner = epoll_create1(0), outer = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = counter};
    CHECK(epoll_ctl(inner, EPOLL_CTL_ADD, counter, &event) == 0, "epoll_ctl");
    event.data.fd = inner;
    CHECK(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) == 0, "epoll_ctl of an epoll");
    uint64_t sum = 0, taken = 0;
    for (int last = 0; !last;) {
        CHECK(epoll_wait(outer, &event, 1, -1) == 1 && event.data.fd == inner, "epoll_wait outside");
        if (epoll_wait(inner, &event, 1, 0) == 0) {
            continue;
        }
        CHECK(event.data.fd == counter && event.events == EPOLLIN, "epoll_wait inside");
        uint64_t value;
        CHECK(read(counter, &value, 8) == 8, "read of a counter");
        last = value >= 1000000007;
        sum += last ? value - 1000000007 : value;
    }
    uint64_t one;
    // Without the last write's there is one for each number.
    for (uint64_t n = 1, left = sum; left > 0; left -= n++) {
        CHECK(read(semaphore, &one, 8) == 8 && one == 1, "read of a semaphore");
        taken++;
    }
    reap(pid);
    long added = shared->rounds[MAX_WORKERS - 1];
    CHECK((long) sum == added, "%ld were added, %ld taken", added, (long) sum);
    shared->rounds[MAX_WORKERS - 1] = 0;
}

// ---- edges: an epoll that tells only of what is new misses nothing

static void edges(const char *unused) {
    (void) unused;
    int there[2], back[2];
    CHECK(pipe2(there, O_NONBLOCK) == 0 && pipe(back) == 0, "pipe");
    pid_t pid = child();
    if (pid == 0) {
        close(back[1]);
        for (long i = 0; !shared->stop; i++) {
            CHECK(write(there[1], &i, sizeof i) == sizeof i, "write");
            long answer;
            CHECK(read(back[0], &answer, sizeof answer) == sizeof answer && answer == i, "answer");
            round_done();
        }
        exit(0);
    }
    close(there[1]);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLRDHUP};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, there[0], &event) == 0, "epoll_ctl");
    for (int open = 1; open;) {
        CHECK(epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait");
        for (;;) {
            long value;
            ssize_t n = read(there[0], &value, sizeof value);
            if (n < 0) {
                CHECK(errno == EAGAIN, "read");
                break;
            }
            if (n == 0) {
                open = 0;
                break;
            }
            CHECK(n == sizeof value && write(back[1], &value, n) == n, "write of an answer");
        }
    }
    reap(pid);
}

// ---- packets and FIFOs

static void packets(const char *unused) {
    (void) unused;
    int fd[2];
    CHECK(pipe2(fd, O_DIRECT) == 0, "pipe2");
    pid_t pid = child();
    static unsigned char bytes[4096];
    if (pid == 0) {
        close(fd[0]);
        for (long i = 1; !shared->stop; i++) {
            int length = 1 + i * 37 % 4000;
            fill(bytes, length, i, 5);
            CHECK(write(fd[1], bytes, length) == length, "write of a packet");
            if (i % 20 == 0) {
                round_done();
            }
        }
        exit(0);
    }
    close(fd[1]);
    for (long i = 1;; i++) {
        ssize_t n = read(fd[0], bytes, sizeof bytes);
        if (n == 0) {
            break;
        }
        CHECK(n == 1 + i * 37 % 4000, "packet %ld has %zd bytes", i, n);
        verify(bytes, n, i, 5, "packet");
    }
    reap(pid);
}

static void fifos(const char *unused) {
    (void) unused;
    CHECK(mkfifo("/tmp/checkpoint.fifo", 0600) == 0, "mkfifo");
    while (!shared->stop) {
        pid_t pid = child();
        long value = pid == 0 ? 0 : 42;
        if (pid == 0) {
            int in = open("/tmp/checkpoint.fifo", O_RDONLY);
            CHECK(in >= 0 && read(in, &value, sizeof value) == sizeof value && value == 42, "read of a FIFO");
            CHECK(read(in, &value, 1) == 0, "end of a FIFO");
            exit(0);
        }
        int out = open("/tmp/checkpoint.fifo", O_WRONLY);
        CHECK(out >= 0, "open of a FIFO");
        usleep(20000);
        CHECK(write(out, &value, sizeof value) == sizeof value, "write to a FIFO");
        close(out);
        reap(pid);
        round_done();
    }
}

// ---- time

static long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Timers neither stop nor go off early, and count what nobody looked at.
static void timers(const char *unused) {
    (void) unused;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0), once = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct itimerspec spec = {.it_value = {0, 5000000}, .it_interval = {0, 5000000}};
    long start = now_ms();
    uint64_t count, sum = 0;
    CHECK(fd >= 0 && once >= 0 && timerfd_settime(fd, 0, &spec, 0) == 0, "timerfd_settime");
    while (!shared->stop) {
        struct itimerspec single = {.it_value = {0, 30000000}};
        long set = now_ms();
        CHECK(timerfd_settime(once, 0, &single, 0) == 0, "timerfd_settime");
        struct pollfd poll_once = {once, POLLIN, 0};
        CHECK(poll(&poll_once, 1, -1) == 1 && read(once, &count, 8) == 8 && count == 1, "a timer that goes off once");
        CHECK(now_ms() - set >= 29, "a timer that goes off early");
        CHECK(read(fd, &count, 8) == 8, "read of a timer");
        sum += count;
        long passed = now_ms() - start;
        CHECK((long) sum * 5 <= passed + 5, "%ld expirations in %ld ms", (long) sum, passed);
        round_done();
    }
    CHECK(read(fd, &count, 8) == 8, "read of a timer");
    CHECK((long) (sum + count) * 5 >= now_ms() - start - 1000, "expirations are missing");
}

// The same of timers that send signals: of a process's interval timer and one that is made.
static void alarms(const char *unused) {
    (void) unused;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGRTMIN + 1);
    CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0, "sigprocmask");
    struct itimerval every = {{0, 10000}, {0, 10000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
    struct itimerspec often = {{0, 7000000}, {0, 7000000}};
    timer_t timer;
    long start = now_ms(), alarms = 0, expirations = 0;
    CHECK(setitimer(ITIMER_REAL, &every, 0) == 0, "setitimer");
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, 0) == 0, "timer_create");
    while (!shared->stop) {
        siginfo_t info;
        int signal = sigwaitinfo(&set, &info);
        CHECK(signal == SIGALRM || (signal == SIGRTMIN + 1 && info.si_value.sival_int == 77), "sigwaitinfo gave %d", signal);
        alarms += signal == SIGALRM;
        expirations += signal == SIGALRM ? 0 : 1 + info.si_overrun;
        long passed = now_ms() - start;
        CHECK(alarms * 10 <= passed + 10 && expirations * 7 <= passed + 7, "%ld and %ld signals in %ld ms", alarms, expirations,
            passed);
        round_done();
    }
    CHECK(alarms > 0 && expirations > 0, "%ld and %ld signals", alarms, expirations);
}

// ---- signals: none of those that are queued is lost, or comes out of turn

static void signals(const char *unused) {
    (void) unused;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0, "sigprocmask");
    int fd = signalfd(-1, &set, 0);
    CHECK(fd >= 0, "signalfd");
    pid_t parent = getpid(), pid = child();
    if (pid == 0) {
        for (int i = 0; !shared->stop; i++) {
            union sigval value = {.sival_int = i};
            CHECK(sigqueue(parent, SIGRTMIN, value) == 0, "sigqueue");
            round_done();
        }
        union sigval value = {.sival_int = -1};
        CHECK(sigqueue(parent, SIGRTMIN, value) == 0, "sigqueue");
        exit(0);
    }
    for (int i = 0;; i++) {
        struct signalfd_siginfo info;
        struct pollfd poll_fd = {fd, POLLIN, 0};
        CHECK(poll(&poll_fd, 1, -1) == 1, "poll of a signalfd");
        CHECK(read(fd, &info, sizeof info) == sizeof info && info.ssi_pid == (uint32_t) pid, "read of a signalfd");
        if (info.ssi_int == -1) {
            break;
        }
        CHECK(info.ssi_int == i, "signal %d came as %d", info.ssi_int, i);
    }
    reap(pid);
}

// ---- locks, shared memory and futexes: two processes count, each with the other kept out

static void locks(const char *unused) {
    (void) unused;
    int fd = open("/tmp/checkpoint.lock", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0, "open");
    int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    CHECK(memory >= 0, "shmget");
    volatile long *count = shmat(memory, 0, 0);
    CHECK(count != (void *) -1, "shmat");
    pthread_mutex_t *mutex = (pthread_mutex_t *) (count + 2);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_mutex_init(mutex, &attributes) == 0, "pthread_mutex_init");
    long *mine = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = child();
    int which = pid != 0;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
    while (!shared->stop) {
        lock.l_type = F_WRLCK;
        CHECK(fcntl(fd, F_SETLKW, &lock) == 0, "F_SETLKW");
        long before = count[0];
        usleep(1000);
        count[0] = before + 1;
        lock.l_type = F_UNLCK;
        CHECK(fcntl(fd, F_SETLK, &lock) == 0, "F_SETLK");
        CHECK(pthread_mutex_lock(mutex) == 0, "pthread_mutex_lock");
        before = count[1];
        usleep(1000);
        count[1] = before + 1;
        CHECK(pthread_mutex_unlock(mutex) == 0, "pthread_mutex_unlock");
        mine[which]++;
        if (which) {
            round_done();
        }
    }
    if (!which) {
        exit(0);
    }
    reap(pid);
    CHECK(count[0] == mine[0] + mine[1] && count[1] == mine[0] + mine[1], "counted %ld and %ld, not %ld and %ld", count[0],
        count[1], mine[0], mine[1]);
    shmctl(memory, IPC_RMID, 0);
}

// ---- a file without a name, shared and mapped

static void memfds(const char *unused) {
    (void) unused;
    int fd = memfd_create("checkpoint", MFD_ALLOW_SEALING);
    CHECK(fd >= 0 && ftruncate(fd, 65536) == 0, "memfd_create");
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0, "F_ADD_SEALS");
    volatile unsigned char *map = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED, "mmap");
    static unsigned char bytes[65536];
    for (int i = 0; !shared->stop; i++) {
        fill(bytes, sizeof bytes, i, 9);
        CHECK(pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes, "pwrite");
        usleep(5000);
        verify((const unsigned char *) map, sizeof bytes, i, 9, "mapping of a memfd");
        map[i % 65536]++;
        unsigned char byte;
        CHECK(pread(fd, &byte, 1, i % 65536) == 1 && byte == (unsigned char) (at(i + i % 65536, 9) + 1), "pread");
        CHECK(ftruncate(fd, 4096) < 0 && errno == EPERM, "a seal");
        round_done();
    }
}

int main(void) {
    begin();
    void (*all[])(const char *) = {events, edges, packets, fifos, timers, alarms, signals, locks, memfds};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        work(all[i], "");
    }
    return end();
}
