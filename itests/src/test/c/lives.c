// SPDX-License-Identifier: Apache-2.0
// Beginnings and ends: execve(2) by any thread, exit_group(2) under blocked threads, pidfds, reaping, limits, queued signals.
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static char self[4096];

static void *wait_for_ever(void *unused) {
    for (;;) pause();
    return unused;
}

static void *execute(void *unused) {
    char pid[20];
    snprintf(pid, sizeof pid, "%d", getpid());
    execl(self, "lives", "pid", pid, (char *)0);
    return unused;
}

// The thread that calls execve(2) is the only one left, and has the process's id.
static void any_thread_executes(void) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++) pthread_create(&thread, 0, wait_for_ever, 0);
        pthread_create(&thread, 0, execute, 0);
        wait_for_ever(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

static int pipes[2];
static int word;
static void *in_read(void *unused) { char c; CHECK(read(pipes[0], &c, 1) >= 0); return unused; }
static void *in_futex(void *unused) { syscall(SYS_futex, &word, 0, 0, 0, 0, 0); return unused; }
static void *in_poll(void *unused) { poll(0, 0, -1); return unused; }
static void *in_wait(void *unused) { waitpid(-1, 0, 0); return unused; }
static void *in_application(void *unused) { for (;;) sched_yield(); return unused; }

enum { EXIT, KILL, SIGNAL_A_THREAD, WAYS };

static void die_with_threads(int way) {
    void *(*places[])(void *) = {in_read, in_futex, in_poll, in_wait, in_application};
    pthread_t thread;
    CHECK(pipe(pipes) == 0);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        wait_for_ever(0);
    }
    for (int i = 0; i < 5; i++) CHECK(pthread_create(&thread, 0, places[i], 0) == 0);
    usleep(20000);
    if (way == EXIT) _exit(11);
    if (way == KILL) kill(getpid(), SIGKILL);
    pthread_kill(thread, SIGTERM);
    wait_for_ever(0);
}

static void all_threads_end_together(void) {
    for (int way = EXIT; way < WAYS; way++) {
        int status;
        pid_t child = fork();
        if (child == 0) die_with_threads(way);
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(status == (way == EXIT ? 11 << 8 : way == KILL ? SIGKILL : SIGTERM));
    }
}

static void processes_have_descriptors(void) {
    siginfo_t info;
    int gate[2];
    char byte;
    CHECK(pipe(gate) == 0);
    pid_t child = fork();
    if (child == 0) _exit(read(gate[0], &byte, 1) == 1 ? 7 : 8);
    int descriptor = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {descriptor, POLLIN, 0};
    CHECK(descriptor >= 0 && poll(&ended, 1, 0) == 0 && write(gate[1], "x", 1) == 1);
    CHECK(close(gate[0]) == 0 && close(gate[1]) == 0 && poll(&ended, 1, PATIENCE) == 1 && ended.revents == POLLIN);
    CHECK(waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED) == 0 && info.si_pid == child && info.si_status == 7);
    close(descriptor);
    child = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &descriptor, 0, 0);
    if (child == 0) _exit(5);
    CHECK(child > 0 && fcntl(descriptor, F_GETFD) == FD_CLOEXEC);
    CHECK(waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED) == 0 && info.si_status == 5);
    close(descriptor);
}

static void orphans_are_adopted(void) {
    int status, ends = 0;
    CHECK(pipe(pipes) == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    pid_t child = fork(), ended;
    if (child == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            CHECK(write(pipes[1], "x", 1) == 1);
            wait_for_ever(0);
        }
        char ready;
        CHECK(read(pipes[0], &ready, 1) == 1);
        _exit(0);
    }
    while ((ended = wait(&status)) > 0) {
        ends++;
        CHECK(status == (ended == child ? 0 : SIGKILL));
    }
    CHECK(ends == 2 && prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
}

static __thread int own;

static void *short_life(void *argument) {
    own = (int)(intptr_t)argument;
    usleep((useconds_t)(own % 7) * 100);
    CHECK(own == (int)(intptr_t)argument);
    return argument;
}

static void *make_processes(void *argument) {
    for (int i = 0; i < 8; i++) {
        int status;
        pid_t child;
        if (i % 2 == 0) {
            child = fork();
            if (child == 0) _exit(3);
        } else {
            char *arguments[] = {self, "code", "3", 0};
            CHECK(posix_spawn(&child, self, 0, 0, arguments, environ) == 0);
        }
        CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
    }
    return argument;
}

static void many_at_once(void) {
    pthread_t threads[32];
    for (int round = 0; round < 4; round++) {
        for (intptr_t i = 0; i < 32; i++) CHECK(pthread_create(&threads[i], 0, short_life, (void *)i) == 0);
        for (intptr_t i = 0; i < 32; i++) {
            void *result;
            CHECK(pthread_join(threads[i], &result) == 0 && result == (void *)i);
        }
    }
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], 0, make_processes, 0) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], 0) == 0);
}

static void limits_hold(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        // A user of its own, so that nothing else counts; root's capabilities go with its id.
        struct rlimit four = {4, 4};
        int forks = 0;
        CHECK(setpgid(0, 0) == 0 && setresuid(47110, 47110, 47110) == 0 && setrlimit(RLIMIT_NPROC, &four) == 0);
        while (fork() > 0) forks++;
        if (errno != EAGAIN) wait_for_ever(0);
        _exit(forks);
    }
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
    kill(-child, SIGKILL);
    child = fork();
    if (child == 0) {
        struct rlimit second = {1, 1};
        setrlimit(RLIMIT_CPU, &second);
        for (;;) { }
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

static void signals_queue(void) {
    sigset_t set, old;
    siginfo_t info;
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) sigaddset(&set, SIGRTMIN + i);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 6; i++) {
        union sigval value = {.sival_int = i};
        CHECK(sigqueue(getpid(), SIGRTMIN + 2 - i % 3, value) == 0);
    }
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getpid());
    int order[] = {2, 5, 1, 4, 0, 3};
    for (int i = 0; i < 6; i++) {
        CHECK(sigwaitinfo(&set, &info) >= SIGRTMIN && info.si_code == SI_QUEUE && info.si_value.sival_int == order[i]);
    }
    struct timespec soon = {0, 10000000};
    CHECK_ERRNO(sigtimedwait(&set, &info, &soon), EAGAIN);

    int descriptor = signalfd(-1, &set, SFD_NONBLOCK);
    struct signalfd_siginfo told;
    CHECK_ERRNO(read(descriptor, &told, sizeof told), EAGAIN);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    struct pollfd ready = {descriptor, POLLIN, 0};
    CHECK(poll(&ready, 1, PATIENCE) == 1 && read(descriptor, &told, sizeof told) == sizeof told);
    CHECK(told.ssi_signo == SIGUSR1 && (pid_t)told.ssi_pid == child && waitpid(child, 0, 0) == child);
    close(descriptor);

    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 5};
    struct itimerspec often = {{0, 2000000}, {0, 2000000}};
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, 0) == 0);
    usleep(30000);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_code == SI_TIMER && info.si_value.sival_int == 5);
    CHECK(info.si_overrun > 2 && timer_getoverrun(timer) == info.si_overrun && timer_delete(timer) == 0);
    while (sigtimedwait(&set, &info, &soon) > 0) { }
    sigprocmask(SIG_SETMASK, &old, 0);
}

int main(int argc, char **argv) {
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    if (argc == 3 && strcmp(argv[1], "pid") == 0) {
        return atoi(argv[2]) == getpid() && syscall(SYS_gettid) == getpid() ? 42 : 1;
    }
    if (argc == 3) return atoi(argv[2]);
    // Orphans go to the first process, which this may be: not among the children that are counted.
    int status;
    pid_t tests = fork();
    if (tests != 0) {
        CHECK(waitpid(tests, &status, 0) == tests);
        return status != 0;
    }
    any_thread_executes();
    all_threads_end_together();
    processes_have_descriptors();
    orphans_are_adopted();
    many_at_once();
    limits_hold();
    signals_queue();
    return 0;
}
