// SPDX-License-Identifier: Apache-2.0
// Does with the Sentry's heap what system call 501 offers, which a bundle of the test's answers, and tells what came of it; and goes on with
// what others do meanwhile. One command a line: "live" forks, makes pipes and sockets; "bomb WHAT KIB THREADS" makes a child that calls
// until it is killed or refused, "greed WHAT COUNT" one that has so much kept by calls that there are; "wait" tells of its end.
#include "../c/check.h"
#include "greed.h"
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static long what, kib;

static void *call(void *result) {
    long done = 0;
    while (done == 0) done = syscall(501, what, kib);
    *(int *)result = errno;
    return 0;
}

static int bomb(int threads) {
    pthread_t thread[threads];
    int errors[threads];
    for (int i = 0; i < threads; i++) CHECK(pthread_create(&thread[i], 0, call, &errors[i]) == 0);
    int error = 0;
    for (int i = 0; i < threads; i++) {
        CHECK(pthread_join(thread[i], 0) == 0);
        if (error == 0) error = errors[i];
    }
    return error;
}

// What a neighbour does all the time: none of it may fail.
static void live(void) {
    for (int i = 0; i < 20; i++) {
        int ends[2], status;
        char byte = 0;
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        pid_t child = fork();
        if (child == 0) _exit(write(ends[1], "x", 1) != 1);
        CHECK(child > 0 && read(ends[0], &byte, 1) == 1 && byte == 'x');
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        close(ends[0]);
        close(ends[1]);
    }
}

int main(void) {
    setvbuf(stdout, 0, _IOLBF, 0);
    pid_t child = 0;
    char line[100], name[50];
    long count;
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        int threads = 1, status;
        if (strcmp(line, "live\n") == 0) {
            live();
            puts("alive");
        } else if (sscanf(line, "bomb %ld %ld %d", &what, &kib, &threads) == 3) {
            fflush(stdout);
            child = fork();
            if (child == 0) _exit(bomb(threads));
            CHECK(child > 0);
            puts("begun");
        } else if (sscanf(line, "greed %49s %ld", name, &count) == 2) {
            fflush(stdout);
            child = fork();
            if (child == 0) _exit(greed(name, count));
            CHECK(child > 0);
            puts("begun");
        } else {
            CHECK(waitpid(child, &status, 0) == child);
            if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
            else printf("ended with %s\n", WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "nothing");
        }
    }
    return 0;
}
