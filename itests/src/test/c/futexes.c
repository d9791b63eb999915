// SPDX-License-Identifier: Apache-2.0
// What futex(2) refuses, and in which order; locks whose owners are gone.
#include "check.h"
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static long futex(void *word, int operation, int value) {
    return syscall(SYS_futex, word, operation, value, 0, 0, 0);
}

int main(void) {
    alarm(PATIENCE / 1000);
    unsigned *word = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned own = getpid(), nobody = 999999;
    void *odd = (char *)word + 1;

    // The owner is gone: nobody can wait for it, and the mark says that somebody wanted to.
    int locks[] = {FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI};
    for (int i = 0; i < 2; i++) {
        *word = nobody;
        CHECK_ERRNO(futex(word, locks[i], 0), ESRCH);
        CHECK(*word == (nobody | FUTEX_WAITERS));
        *word = nobody | FUTEX_OWNER_DIED;
        CHECK_ERRNO(futex(word, locks[i], 0), ESRCH);
        *word = own;
        CHECK_ERRNO(futex(word, locks[i], 0), EDEADLK);
        *word = FUTEX_OWNER_DIED;
        CHECK(futex(word, locks[i], 0) == 0 && *word == (own | FUTEX_OWNER_DIED));
        *word = 0;
        CHECK(futex(word, locks[i], 0) == 0 && *word == own);
        CHECK(futex(word, FUTEX_UNLOCK_PI, 0) == 0 && *word == 0);
    }
    pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t info;
    CHECK(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
    *word = child;
    CHECK_ERRNO(futex(word, FUTEX_TRYLOCK_PI, 0), ESRCH);
    CHECK(waitpid(child, 0, 0) == child);
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    *word = child;
    CHECK_ERRNO(futex(word, FUTEX_TRYLOCK_PI, 0), EAGAIN);
    CHECK(*word == (child | FUTEX_WAITERS));
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, 0, 0) == child);

    // Whose it is comes before where it is; which operation before all.
    *word = nobody;
    *(word + 1) = 0;
    CHECK_ERRNO(futex(odd, FUTEX_UNLOCK_PI, 0), EPERM);
    memcpy(odd, &own, sizeof own);
    CHECK_ERRNO(futex(odd, FUTEX_UNLOCK_PI, 0), EINVAL);
    CHECK_ERRNO(futex(odd, FUTEX_LOCK_PI, 0), EINVAL);
    CHECK_ERRNO(futex(odd, FUTEX_WAIT, 0), EINVAL);
    CHECK_ERRNO(futex(odd, FUTEX_WAKE, 1), EINVAL);
    CHECK_ERRNO(futex(odd, 77, 1), ENOSYS);
    CHECK_ERRNO(futex((void *)8, FUTEX_UNLOCK_PI, 0), EFAULT);
    CHECK_ERRNO(futex((void *)9, FUTEX_UNLOCK_PI, 0), EFAULT);
    CHECK_ERRNO(futex((void *)9, FUTEX_WAIT, 0), EINVAL);
    CHECK_ERRNO(futex(word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1), ENOSYS);
    CHECK_ERRNO(syscall(SYS_futex, word, FUTEX_WAIT_BITSET, *word, 0, 0, 0), EINVAL);
    struct timespec bad = {-1, 0};
    CHECK_ERRNO(syscall(SYS_futex, word, FUTEX_WAIT, *word, &bad, 0, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, -1, -1L, word + 1, *word), EINVAL);
    CHECK_ERRNO(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 1, 1L, odd, *word), EINVAL);
    return 0;
}
