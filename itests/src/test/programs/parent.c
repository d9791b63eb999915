// SPDX-License-Identifier: Apache-2.0
// Sees getppid(2) answered by the example bundle fixed-parent, and by jVisor itself again. Its name says how far it is.
#include "../c/check.h"
#include <sys/prctl.h>
#include <time.h>

static void await(pid_t expected, pid_t before) {
    struct timespec nap = {0, 1000000};
    for (int i = 0; i < 30000; i++) {
        pid_t answer = getppid();
        if (answer == expected) return;
        CHECK(answer == before);
        nanosleep(&nap, 0);
    }
    CHECK(!"the answer never changed");
}

int main(void) {
    pid_t own = getppid();
    CHECK(prctl(PR_SET_NAME, "before") == 0);
    await(4711, own);
    CHECK(prctl(PR_SET_NAME, "during") == 0);
    await(own, 4711);
    return 0;
}
