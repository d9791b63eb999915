// SPDX-License-Identifier: Apache-2.0
// Futexes with more to them: priority inheritance, robust lists, wake operations, keys that survive a fork (futex(2)).
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pthread_mutex_t *shared;

static void *lock_and_leave(void *unused) {
    pthread_mutex_lock(shared);
    return unused;
}

// An owner that ends leaves its lock to the next, be that a thread or a process, be it asleep in the kernel already or not.
static void owners_die(int protocol) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    memset(shared, 0, sizeof *shared);
    CHECK(pthread_mutex_init(shared, &attributes) == 0);

    pthread_t thread;
    CHECK(pthread_create(&thread, 0, lock_and_leave, 0) == 0 && pthread_join(thread, 0) == 0);
    CHECK(pthread_mutex_lock(shared) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(shared) == 0 && pthread_mutex_unlock(shared) == 0);

    int pipes[2];
    char byte;
    CHECK(pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK(pthread_mutex_lock(shared) == 0 && write(pipes[1], "x", 1) == 1);
        usleep(30000);
        kill(getpid(), SIGKILL);
    }
    CHECK(read(pipes[0], &byte, 1) == 1);
    CHECK(pthread_mutex_lock(shared) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(shared) == 0 && pthread_mutex_unlock(shared) == 0);
    CHECK(waitpid(child, 0, 0) == child);
    close(pipes[0]);
    close(pipes[1]);
}

enum { THREADS = 4, ROUNDS = 2000 };
static pthread_mutex_t inheriting;
static int counter;

static void *count(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&inheriting);
        int seen = counter;
        if (i % 64 == 0) sched_yield();
        counter = seen + 1;
        pthread_mutex_unlock(&inheriting);
    }
    return unused;
}

static void priority_inheritance_excludes(void) {
    pthread_mutexattr_t attributes;
    pthread_t threads[THREADS];
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&inheriting, &attributes);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], 0, count, 0) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], 0) == 0);
    CHECK(counter == THREADS * ROUNDS);
}

static int words[2];
static volatile pid_t waiting[3];

static long futex(int *word, int operation, int value, long value2, int *word2, int value3) {
    return syscall(SYS_futex, word, operation, value, value2, word2, value3);
}

static void *wait_for(void *thread) {
    *(volatile pid_t *)thread = gettid();
    CHECK(futex(&words[0], FUTEX_WAIT_PRIVATE, 0, 0, 0, 0) == 0);
    return 0;
}

static void waiters_move_and_wake(void) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) waiting[i] = 0;
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], 0, wait_for, (void *)&waiting[i]) == 0);
    for (int i = 0; i < 3; i++) {
        while (waiting[i] == 0) usleep(1000);
        asleep_thread(getpid(), waiting[i]);
    }
    CHECK_ERRNO(futex(&words[0], FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &words[1], 1), EAGAIN);
    CHECK(futex(&words[0], FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &words[1], 0) == 2);
    // One is woken, one waits at the other word, one still here: an operation that sets the second and wakes both.
    CHECK(futex(&words[0], FUTEX_WAKE_OP_PRIVATE, 9, 9, &words[1], FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)) == 2);
    CHECK(words[1] == 5);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], 0) == 0);
    CHECK_ERRNO(futex(&words[1], FUTEX_WAIT_PRIVATE, 4, 0, 0, 0), EAGAIN);
    CHECK_ERRNO(futex((int *)((char *)words + 1), FUTEX_WAIT_PRIVATE, 0, 0, 0, 0), EINVAL);
    CHECK_ERRNO(futex((int *)64, FUTEX_WAIT, 0, 0, 0, 0), EFAULT);
}

static void *sleep_a_little(void *unused) {
    usleep(60000);
    return unused;
}

// pthread_join(3) waits for the thread's id to be cleared, in a page that the fork makes a copy of meanwhile.
static void joins_survive_forks(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, sleep_a_little, 0) == 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(100000);
        _exit(0);
    }
    CHECK(pthread_join(thread, 0) == 0);
    CHECK(waitpid(child, 0, 0) == child);
}

int main(void) {
    shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    owners_die(PTHREAD_PRIO_NONE);
    owners_die(PTHREAD_PRIO_INHERIT);
    priority_inheritance_excludes();
    waiters_move_and_wake();
    joins_survive_forks();
    return 0;
}
