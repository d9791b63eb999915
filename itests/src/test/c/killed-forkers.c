// SPDX-License-Identifier: Apache-2.0
// kill(2): a signal to a process group, or to all processes, leaves out no child that one of them makes meanwhile.
#include "check.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { ROUNDS = 300, CHAINS = 3 };

static volatile struct { int stop, escaped; } *shared;

// Each makes the next one and sleeps, until it is killed. Who is alive long after that was left out.
static void chain(void) {
    while (!shared->stop) {
        pid_t next = fork();
        if (next != 0) pause();
    }
    usleep(20000);
    shared->escaped = 1;
    _exit(0);
}

static void round_of(int whom_all) {
    shared->stop = 0;
    pid_t group = 0;
    for (int i = 0; i < CHAINS; i++) {
        pid_t first = fork();
        CHECK(first >= 0);
        if (first == 0) {
            CHECK(setpgid(0, group) == 0);
            chain();
        }
        if (group == 0) group = first;
        CHECK(setpgid(first, group) == 0);
    }
    usleep(3000);
    CHECK(kill(whom_all ? -1 : -group, SIGKILL) == 0);
    shared->stop = 1;
    while (waitpid(-1, 0, 0) > 0) continue;
    CHECK(errno == ECHILD);
    CHECK(!shared->escaped);
}

int main(void) {
    shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    for (int i = 0; i < ROUNDS; i++) round_of(0);
    // To all: only where that is nobody else.
    for (int i = 0; getpid() == 1 && i < ROUNDS; i++) round_of(1);
    return 0;
}
