// SPDX-License-Identifier: Apache-2.0
// For programs that keep a kernel busy in many processes, its workers, until SIGUSR1, and check each result.
#ifndef LOAD_H
#define LOAD_H
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG (1 << 20)
#define MAX_WORKERS 32

struct shared {
    volatile int stop;
    volatile int failed;
    volatile long rounds[MAX_WORKERS];
};
static struct shared *shared;
static int worker;
static int workers;

static void fail(const char *format, ...) {
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text - 80, format, arguments);
    va_end(arguments);
    n = n < (int) sizeof text - 80 ? n : (int) sizeof text - 81;
    n += snprintf(text + n, sizeof text - n, " (worker %d, %s)\n", worker, strerror(errno));
    shared->failed = 1;
    shared->stop = 1;
    if (write(1, text, n) != n) {
        _exit(4);
    }
    _exit(3);
}

#define CHECK(condition, ...) do { if (!(condition)) fail(__VA_ARGS__); } while (0)

static int nap_us = 1000;

// The processor is to be had for those who replace what this uses.
static void round_done(void) {
    shared->rounds[worker]++;
    usleep(nap_us);
}

static unsigned char at(long i, unsigned seed) {
    return (unsigned char) ((i * 2654435761u + seed) >> 13);
}

static void fill(unsigned char *bytes, long length, long from, unsigned seed) {
    for (long i = 0; i < length; i++) {
        bytes[i] = at(from + i, seed);
    }
}

static void verify(const unsigned char *bytes, long length, long from, unsigned seed, const char *what) {
    for (long i = 0; i < length; i++) {
        CHECK(bytes[i] == at(from + i, seed), "%s: byte %ld is %d, not %d", what, from + i, bytes[i], at(from + i, seed));
    }
}

static void stop(int signal) {
    (void) signal;
    shared->stop = 1;
}

static void begin(void) {
    shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        _exit(1);
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGUSR1, &action, 0);
}

static void work(void (*body)(const char *), const char *folder) {
    int number = workers++;
    pid_t pid = fork();
    CHECK(pid >= 0 && number < MAX_WORKERS, "fork");
    if (pid == 0) {
        worker = number;
        signal(SIGUSR1, SIG_IGN);
        body(folder);
        exit(0);
    }
}

// Says that all workers are there, and waits for them; the program's exit status.
static int end(void) {
    printf("started\n");
    fflush(stdout);
    int failed = 0;
    for (int left = workers; left > 0;) {
        int status;
        if (wait(&status) < 0) {
            CHECK(errno == EINTR, "wait");
            continue;
        }
        left--;
        failed |= status;
        if (status != 0) {
            shared->stop = 1;
        }
    }
    printf(failed || shared->failed ? "failed:" : "ok:");
    for (int i = 0; i < workers; i++) {
        printf(" %ld", shared->rounds[i]);
    }
    printf("\n");
    return failed || shared->failed;
}
#endif
