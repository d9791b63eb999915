// SPDX-License-Identifier: Apache-2.0
// Signals that are queued for who ends are not counted as its user's any more (sigqueue(3), getrlimit(2) RLIMIT_SIGPENDING).
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { LIMIT = 20, ROUNDS = 10 };

static int until_refused(void) {
    int queued = 0;
    while (sigqueue(getpid(), SIGRTMIN, (union sigval){queued}) == 0) CHECK(++queued <= LIMIT);
    CHECK(errno == EAGAIN);
    return queued;
}

static void *queue_for_itself(void *unused) {
    siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};
    while (syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGRTMIN, &info) == 0) { }
    CHECK(errno == EAGAIN);
    return unused;
}

int main(void) {
    sigset_t set;
    CHECK(setuid(12345) == 0 || errno == EPERM); // a user who has no others' signals
    CHECK(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){LIMIT, LIMIT}) == 0);
    CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGRTMIN) == 0 && sigprocmask(SIG_BLOCK, &set, 0) == 0);
    int first = 0;
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) _exit(until_refused());
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (i == 0) first = WEXITSTATUS(status);
        CHECK(first > 0 && WEXITSTATUS(status) == first);
    }
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, 0, queue_for_itself, 0) == 0 && pthread_join(thread, 0) == 0);
        // Whoever has been joined need not be gone yet.
        for (int tries = 0; sigqueue(getpid(), SIGRTMIN, (union sigval){0}) != 0; tries++) {
            CHECK(errno == EAGAIN && tries < PATIENCE);
            usleep(1000);
        }
        CHECK(sigwaitinfo(&set, 0) == SIGRTMIN);
    }
    puts("ok");
    return 0;
}
