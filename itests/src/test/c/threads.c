// SPDX-License-Identifier: Apache-2.0
// Eight threads, mutexes, condition variables and a barrier: futex(2), clone(2), set_robust_list(2), thread exit.
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 500 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int turn, counter;
static _Atomic int total;
static __thread int own;

static void *work(void *argument) {
    int me = (int)(long)argument;
    own = me;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        atomic_fetch_add(&total, 1);
    }
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != me) pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    CHECK(own == me);
    return (void *)(long)(me * 2);
}

static void *robust_holder(void *m) { CHECK(pthread_mutex_lock(m) == 0); return 0; }

int main(void) {
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, 0, THREADS);
    for (long i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], 0, work, (void *)i) == 0);
    for (long i = 0; i < THREADS; i++) { void *r; CHECK(pthread_join(threads[i], &r) == 0); CHECK((long)r == i * 2); }
    CHECK(counter == THREADS * ROUNDS && total == THREADS * ROUNDS && turn == THREADS * 20);

    pthread_mutex_t robust; pthread_mutexattr_t attributes; pthread_t holder;
    pthread_mutexattr_init(&attributes); pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    CHECK(pthread_create(&holder, 0, robust_holder, &robust) == 0);
    CHECK(pthread_join(holder, 0) == 0);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&robust) == 0);
    CHECK(pthread_mutex_unlock(&robust) == 0);
    for (int i = 0; i < 200; i++) { pthread_t t; CHECK(pthread_create(&t, 0, robust_holder, &(pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER) == 0); CHECK(pthread_join(t, 0) == 0); }
    return 0;
}
