// SPDX-License-Identifier: Apache-2.0
// Its calls are watched by interceptors of the test's, or not. With the argument "judged": getppid(2) fails with EPERM, times(2)
// takes 20 ms at least and then answers. With "alone": all is as usual. With "slow": times(2) is not to return.
#include "../c/check.h"
#include <sys/syscall.h>
#include <sys/times.h>
#include <time.h>

static long long now(void) {
    struct timespec t;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int count, char **arguments) {
    struct tms times_;
    CHECK(count == 2);
    int judged = strcmp(arguments[1], "judged") == 0, slow = strcmp(arguments[1], "slow") == 0;
    for (int i = 0; i < 100 && !slow; i++) {
        if (judged) {
            CHECK_ERRNO(syscall(SYS_getppid), EPERM);
        } else {
            CHECK(syscall(SYS_getppid) >= 0);
        }
    }
    long long begin = now();
    CHECK(times(&times_) != -1);
    CHECK(!slow);
    CHECK(!judged || now() - begin >= 20000000);
    return 0;
}
