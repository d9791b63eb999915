// SPDX-License-Identifier: Apache-2.0
// The first process of a pid namespace gets only signals that it has a handler for: pid_namespaces(7).
#include "check.h"
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t got;

static void note(int signal) {
    got = signal;
}

static int status_of(pid_t child) {
    int status;
    pid_t waited;
    while ((waited = waitpid(child, &status, 0)) < 0 && errno == EINTR) {}
    CHECK(waited == child);
    return status;
}

static void others_cannot_end_or_stop_it(void) {
    signal(SIGUSR1, note);
    pid_t child = fork();
    if (child == 0) {
        int deadly[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGSTOP, SIGTSTP, SIGRTMIN, SIGALRM};
        for (unsigned i = 0; i < sizeof deadly / sizeof *deadly; i++) CHECK(kill(1, deadly[i]) == 0);
        union sigval value = {.sival_int = 1};
        CHECK(sigqueue(1, SIGTERM, value) == 0);
        CHECK(kill(1, SIGUSR1) == 0);
        CHECK(kill(-1, SIGKILL) == 0 || errno == ESRCH);
        _exit(0);
    }
    // kill(-1) spares its caller as well.
    CHECK(status_of(child) == 0);
    CHECK(got == SIGUSR1);
}

static void nor_can_it_itself(void) {
    CHECK(kill(getpid(), SIGKILL) == 0);
    CHECK(raise(SIGTERM) == 0);
    CHECK(raise(SIGSTOP) == 0);
    // What was blocked is dropped when it is unblocked; who waits for it gets it.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0);
    CHECK(raise(SIGTERM) == 0);
    struct timespec none = {0, 0};
    CHECK(sigtimedwait(&set, 0, &none) == SIGTERM);
    CHECK(raise(SIGTERM) == 0);
    CHECK(sigprocmask(SIG_UNBLOCK, &set, 0) == 0);
    // The kernel's own, too: a pipe that nobody reads, an alarm.
    int ends[2];
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    ualarm(1000, 0);
    usleep(20000);
    // A handler makes the difference, as long as it is there.
    got = 0;
    signal(SIGTERM, note);
    CHECK(raise(SIGTERM) == 0 && got == SIGTERM);
    signal(SIGTERM, SIG_DFL);
    CHECK(raise(SIGTERM) == 0);
}

static void its_children_are_like_others(void) {
    int deadly[] = {SIGKILL, SIGTERM, SIGSEGV};
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            kill(getpid(), deadly[i]);
            _exit(1);
        }
        int status = status_of(child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == deadly[i]);
    }
}

static int first(void *unused) {
    CHECK(getpid() == 1);
    others_cannot_end_or_stop_it();
    nor_can_it_itself();
    its_children_are_like_others();
    return 0;
}

int main(void) {
    if (getpid() == 1) return first(0);
    static char stack[1 << 16] __attribute__((aligned(16)));
    pid_t child = clone(first, stack + sizeof stack, CLONE_NEWPID | SIGCHLD, 0);
    if (child < 0 && errno == EPERM) child = clone(first, stack + sizeof stack, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0);
    CHECK(child > 0);
    CHECK(status_of(child) == 0);
    return 0;
}
