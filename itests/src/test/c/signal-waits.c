// SPDX-License-Identifier: Apache-2.0
// Signals that are waited for, and what waiting for them ends. sigtimedwait(2), sigaction(2), kill(2), signal(7).
#include "check.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile int caught;

static void catch(int signal) {
    caught = signal;
}

static sigset_t only(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

static pid_t child_that_signals(pid_t parent, int signal) {
    pid_t child = fork();
    if (child == 0) {
        asleep(parent);
        CHECK(kill(parent, signal) == 0);
        _exit(0);
    }
    return child;
}

static void end(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

// What is blocked and waited for arrives, whatever its action: a blocked signal is never ignored.
static void ignored(void) {
    int signals[] = {SIGUSR1, SIGWINCH, SIGURG, SIGRTMIN + 1};
    for (int explicit = 0; explicit < 2; explicit++) {
        for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
            signal(signals[i], explicit ? SIG_IGN : SIG_DFL);
            sigset_t set = only(signals[i]);
            CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0);
            pid_t child = child_that_signals(getpid(), signals[i]);
            siginfo_t info;
            CHECK(sigwaitinfo(&set, &info) == signals[i] && info.si_pid == child);
            end(child);
            CHECK(kill(getpid(), signals[i]) == 0 && sigwaitinfo(&set, &info) == signals[i]);
            signal(signals[i], SIG_IGN);
            CHECK(sigprocmask(SIG_UNBLOCK, &set, 0) == 0);
            signal(signals[i], SIG_DFL);
        }
    }
}

// One that is waited for and has a handler runs none; another one's handler ends the wait, with SA_RESTART or without.
static void with_handlers(void) {
    for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
        struct sigaction action = {.sa_handler = catch, .sa_flags = flags};
        CHECK(sigaction(SIGUSR1, &action, 0) == 0 && sigaction(SIGALRM, &action, 0) == 0);
        sigset_t set = only(SIGUSR1);
        CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0);
        caught = 0;
        pid_t child = child_that_signals(getpid(), SIGUSR1);
        CHECK(sigwaitinfo(&set, 0) == SIGUSR1 && caught == 0);
        end(child);
        struct itimerval soon = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
        CHECK(setitimer(ITIMER_REAL, &soon, 0) == 0);
        struct timespec limit = {100, 0};
        CHECK_ERRNO(sigtimedwait(&set, 0, &limit), EINTR);
        CHECK_ERRNO(sigwaitinfo(&set, 0), EINTR);
        CHECK(caught == SIGALRM && setitimer(ITIMER_REAL, &never, 0) == 0);
        CHECK(sigprocmask(SIG_UNBLOCK, &set, 0) == 0);
    }
    signal(SIGUSR1, SIG_DFL);
}

// A stop ends it, too.
static void stopped(void) {
    pid_t child = fork();
    if (child == 0) {
        sigset_t set = only(SIGUSR1);
        CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0);
        CHECK_ERRNO(sigwaitinfo(&set, 0), EINTR);
        _exit(0);
    }
    int status;
    asleep(child);
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    CHECK(kill(child, SIGCONT) == 0);
    end(child);
}

// SA_RESETHAND takes the handler away and nothing else.
static void reset(void) {
    struct sigaction action = {.sa_handler = catch, .sa_flags = SA_RESETHAND | SA_RESTART | SA_NODEFER}, after;
    action.sa_mask = only(SIGWINCH);
    CHECK(sigaction(SIGUSR2, &action, 0) == 0 && raise(SIGUSR2) == 0 && caught == SIGUSR2);
    CHECK(sigaction(SIGUSR2, 0, &after) == 0 && after.sa_handler == SIG_DFL);
    CHECK((after.sa_flags & (SA_RESETHAND | SA_RESTART | SA_NODEFER)) == (SA_RESETHAND | SA_RESTART | SA_NODEFER));
    CHECK(sigismember(&after.sa_mask, SIGWINCH) && !sigismember(&after.sa_mask, SIGUSR2));
}

// kill(-1): that it may signal nobody is no error.
static void to_all(void) {
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0) CHECK(setuid(54321) == 0);
        CHECK(kill(-1, 0) == 0 || (getppid() == 1 && errno == ESRCH));
        _exit(0);
    }
    end(child);
    pid_t waits = fork(); // a process beside the first one of a container
    if (waits == 0) {
        child = fork();
        if (child == 0) {
            if (geteuid() == 0) CHECK(setuid(54321) == 0);
            CHECK(kill(-1, 0) == 0);
            _exit(0);
        }
        end(child);
        _exit(0);
    }
    end(waits);
}

int main(void) {
    alarm(PATIENCE / 1000);
    ignored();
    stopped();
    reset();
    to_all();
    with_handlers();
    return 0;
}
