// SPDX-License-Identifier: Apache-2.0
// Threads call system call 500 without end while the bundle that answers it is replaced: first 1, then 2. No call may fail, each
// thread sees the answer change once. Another thread is blocked in read(2) meanwhile, which the same bundle answers. With an argument
// it stays until its input ends: whoever replaces the bundle has to hear of that from a sandbox that is still there.
#include "../c/check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

enum { THREADS = 3 };
static int ends[2];
static _Atomic int wrong, changed;

static void *caller(void *unused) {
    long last = 1;
    while (last == 1) {
        long answer = syscall(500);
        if (answer != last) {
            if (answer != 2) { fprintf(stderr, "answer %ld, errno %d\n", answer, errno); atomic_fetch_add(&wrong, 1); return 0; }
            last = answer;
        }
    }
    for (int i = 0; i < 2000; i++) if (syscall(500) != 2) atomic_fetch_add(&wrong, 1);
    atomic_fetch_add(&changed, 1);
    return unused;
}

static void *reader(void *unused) {
    char c = 0;
    long n = read(ends[0], &c, 1);
    if (n != 1 || c != 'x') { fprintf(stderr, "read: %ld, errno %d\n", n, errno); atomic_fetch_add(&wrong, 1); }
    return unused;
}

int main(int argc, char **argv) {
    (void) argv;
    struct timespec nap = {0, 10000000};
    pthread_t callers[THREADS], blocked;
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 3000 && syscall(500) != 1; i++) nanosleep(&nap, 0);
    CHECK(syscall(500) == 1);
    CHECK(pthread_create(&blocked, 0, reader, 0) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&callers[i], 0, caller, 0) == 0);
    nanosleep(&(struct timespec){0, 100000000}, 0);
    printf("ready\n"); fflush(stdout);
    for (int i = 0; i < THREADS; i++) pthread_join(callers[i], 0);
    CHECK(write(ends[1], "x", 1) == 1);
    pthread_join(blocked, 0);
    CHECK(wrong == 0 && changed == THREADS);
    printf("swapped\n"); fflush(stdout);
    char end;
    while (argc > 1 && read(0, &end, 1) > 0) { }
    return 0;
}
