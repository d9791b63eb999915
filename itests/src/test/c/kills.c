// SPDX-License-Identifier: Apache-2.0
// Processes that compute, fork, stop, exec and are killed, all at once: each is reaped, none is left, and none hangs.
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static void *spin(void *unused) {
    for (volatile unsigned long x = 0;; x++) {}
    return unused;
}

static void *nap(void *unused) {
    for (;;) {
        struct timespec t = {0, 100000};
        nanosleep(&t, 0);
    }
    return unused;
}

static void with_threads(int count) {
    pthread_t thread;
    for (int i = 0; i < count; i++) CHECK(pthread_create(&thread, 0, i & 1 ? nap : spin, 0) == 0);
}

static int reaped(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

// A process with threads gets SIGCONT and then SIGSTOP at once: it is stopped each time, and its parent is told.
static void stops_after_continuing(void) {
    pid_t child = fork();
    if (child == 0) {
        with_threads(5);
        for (;;) pause();
    }
    usleep(50000);
    CHECK(kill(child, SIGSTOP) == 0);
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    for (int i = 0; i < 100; i++) {
        CHECK(kill(child, SIGCONT) == 0 && kill(child, SIGSTOP) == 0);
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    }
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(WTERMSIG(reaped(child)) == SIGKILL);
}

// SIGCONT finds SIGSTOP pending: the stop is dropped or over, and the process runs.
static void continues_after_stopping(void) {
    volatile unsigned long *count = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        with_threads(2);
        for (;;) (*count)++;
    }
    for (int i = 0; i < 300; i++) {
        CHECK(kill(child, SIGSTOP) == 0);
        if (i & 1) CHECK(kill(child, SIGTSTP) == 0);
        if (i % 3 == 0) sched_yield();
        CHECK(kill(child, SIGCONT) == 0);
        if (i % 50 == 0) {
            unsigned long before = *count;
            while (*count == before) usleep(100);
        }
    }
    unsigned long before = *count;
    while (*count == before) usleep(100);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(WTERMSIG(reaped(child)) == SIGKILL);
}

static void forks_without_end(void) {
    for (;;) {
        pid_t child = fork();
        if (child == 0) {
            for (volatile int x = 0; x < 20000; x++) {}
            _exit(0);
        }
        if (child > 0) waitpid(child, 0, 0);
    }
}

// Many compute and fork in a group of their own, and one signal ends them all.
static void are_killed_at_once(int round) {
    enum { COUNT = 8 };
    pid_t leader = 0, children[COUNT];
    for (int i = 0; i < COUNT; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            setpgid(0, leader);
            if (i % 4 == 1) with_threads(2);
            if (i % 4 == 2) forks_without_end();
            if (i % 4 == 3) execl("/proc/self/exe", "kills", "spin", (char *)0);
            for (volatile unsigned long x = 0;; x++) {}
        }
        if (i == 0) leader = children[0];
        setpgid(children[i], leader);
    }
    usleep(5000 * (round % 8));
    if (round & 1) kill(-leader, SIGSTOP);
    CHECK(kill(-leader, SIGKILL) == 0);
    for (int i = 0; i < COUNT; i++) {
        int status = reaped(children[i]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    // Grandchildren are somebody else's now; they, too, are gone soon.
    while (kill(-leader, 0) == 0) {
        kill(-leader, SIGKILL);
        while (waitpid(-1, 0, WNOHANG) > 0) {}
        usleep(1000);
    }
}

// A process executes another program while one of its threads, a sibling or its parent ends it.
static void are_killed_while_they_execute(void) {
    for (int i = 0; i < 24; i++) {
        pid_t child = fork();
        if (child == 0) {
            with_threads(i % 4);
            execl("/proc/self/exe", "kills", "spin", (char *)0);
            _exit(1);
        }
        usleep(i * 200);
        if (i & 1) kill(child, SIGSTOP);
        CHECK(kill(child, SIGKILL) == 0);
        CHECK(WTERMSIG(reaped(child)) == SIGKILL);
    }
}

int main(int count, char **arguments) {
    if (count > 1) spin(0);
    alarm(PATIENCE / 1000); // rather an error than a program that does not end
    if (getpid() == 1) {
        // Process 1 is shielded from its alarm.
        pid_t child = fork();
        if (child > 0) {
            // It is everybody's parent in the end: zombies of a process group would keep the group.
            int status = 0;
            pid_t ended;
            while ((ended = wait(&status)) != child) CHECK(ended > 0);
            CHECK(status == 0);
            return 0;
        }
        alarm(PATIENCE / 1000);
    }
    stops_after_continuing();
    continues_after_stopping();
    for (int round = 0; round < 6; round++) are_killed_at_once(round);
    are_killed_while_they_execute();
    return 0;
}
