// SPDX-License-Identifier: Apache-2.0
// Clocks of used time, of threads and of other processes: what they take, and timers that go by them. clock_getcpuclockid(3),
// clock_nanosleep(2), timer_create(2), setitimer(2).
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile int stop, ticks, told;
static volatile pid_t spinner, teller;

static int process_clock(pid_t pid, int which) {
    return ~pid * 8 | which;
}

static int thread_clock(pid_t tid, int which) {
    return ~tid * 8 | 4 | which;
}

static void clocks(void) {
    struct timespec t, none = {0, 0};
    pid_t pid = getpid(), parent = getppid();
    int good[] = {CLOCK_PROCESS_CPUTIME_ID, process_clock(0, 2), process_clock(pid, 0), process_clock(pid, 1), process_clock(pid, 2)};
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        timer_t timer;
        CHECK(syscall(SYS_clock_gettime, good[i], &t) == 0 && syscall(SYS_clock_getres, good[i], &t) == 0);
        CHECK(syscall(SYS_clock_nanosleep, good[i], 0, &none, 0) == 0);
        CHECK(syscall(SYS_timer_create, good[i], 0, &timer) == 0 && timer_delete(timer) == 0);
    }
    CHECK(syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    CHECK(syscall(SYS_clock_gettime, thread_clock(0, 2), &t) == 0 && syscall(SYS_clock_gettime, thread_clock(pid, 2), &t) == 0);
    CHECK_ERRNO(syscall(SYS_clock_nanosleep, thread_clock(0, 2), 0, &none, 0), EINVAL); // it would never end
    CHECK_ERRNO(syscall(SYS_clock_nanosleep, thread_clock(pid, 2), 0, &none, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &none, 0), EOPNOTSUPP);
    CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &none, 0), EOPNOTSUPP);
    int refused[] = {process_clock(pid, 3), thread_clock(4000000, 2), process_clock(4000000, 2), 12, 100};
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
        timer_t timer;
        CHECK_ERRNO(syscall(SYS_clock_gettime, refused[i], &t), EINVAL);
        if (i > 0) CHECK_ERRNO(syscall(SYS_timer_create, refused[i], 0, &timer), EINVAL); // the first is a clock of a device's
    }
    timer_t timer;
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, 0, &timer), EOPNOTSUPP);
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_REALTIME_COARSE, 0, &timer), EOPNOTSUPP);
    if (parent > 0) {
        CHECK(syscall(SYS_clock_gettime, process_clock(parent, 2), &t) == 0);
        CHECK_ERRNO(syscall(SYS_clock_gettime, thread_clock(parent, 2), &t), EINVAL); // a thread, but not of this process
    }
}

static void *spin(void *argument) {
    spinner = gettid();
    while (!stop) {}
    return 0;
}

static void tell(int signal, siginfo_t *info, void *context) {
    told = info->si_code == SI_TIMER && info->si_value.sival_int == 77;
    teller = gettid();
}

static void tick(int signal) {
    ticks++;
}

// A watchdog: a timer by the time that another thread uses, told to that thread.
static void of_a_thread(void) {
    struct sigaction action = {.sa_sigaction = tell, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK(sigaction(SIGUSR2, &action, 0) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, spin, 0) == 0);
    while (!spinner) usleep(1000);
    clockid_t clock;
    CHECK(pthread_getcpuclockid(thread, &clock) == 0);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 77};
    event._sigev_un._tid = spinner;
    timer_t timer;
    struct timespec before, after;
    CHECK(clock_gettime(clock, &before) == 0 && timer_create(clock, &event, &timer) == 0);
    struct itimerspec once = {.it_value = {0, 30000000}};
    CHECK(timer_settime(timer, 0, &once, 0) == 0);
    while (!teller) usleep(1000);
    CHECK(told && teller == spinner && clock_gettime(clock, &after) == 0);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 30000000);
    CHECK(timer_delete(timer) == 0);
    // Some thread of the process sleeps by its time, and the timers of it tick.
    struct timespec want = {0, 50000000};
    CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &want, 0) == 0);
    CHECK(syscall(SYS_clock_nanosleep, thread_clock(spinner, 2), 0, &want, 0) == 0);
    action = (struct sigaction) {.sa_handler = tick, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGPROF, &action, 0) == 0 && sigaction(SIGVTALRM, &action, 0) == 0);
    struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
        ticks = 0;
        CHECK(setitimer(which, &often, 0) == 0);
        while (ticks < 5) usleep(1000);
        CHECK(setitimer(which, &never, 0) == 0);
    }
    stop = 1;
    CHECK(pthread_join(thread, 0) == 0);
}

// By another process's time.
static void of_a_process(void) {
    pid_t child = fork();
    if (child == 0) {
        for (;;) {}
    }
    clockid_t clock;
    CHECK(clock_getcpuclockid(child, &clock) == 0);
    struct timespec want = {0, 30000000}, used;
    CHECK(syscall(SYS_clock_nanosleep, clock, 0, &want, 0) == 0);
    CHECK(clock_gettime(clock, &used) == 0 && used.tv_sec * 1000000000L + used.tv_nsec >= 30000000);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, 0, 0) == child);
    CHECK_ERRNO(syscall(SYS_clock_gettime, clock, &used), EINVAL);
}

int main(void) {
    alarm(PATIENCE / 1000);
    clocks();
    of_a_thread();
    of_a_process();
    return 0;
}
