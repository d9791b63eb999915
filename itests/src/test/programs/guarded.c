// SPDX-License-Identifier: Apache-2.0
// While the example bundle path-guard is there, /etc/shadow cannot be opened, though another thread changes the name all the time
// between that and /etc/shared. Its name says how far it is.
#include "../c/check.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

enum { ROUNDS = 4000, MOST_ROUNDS = 400000, ENOUGH = 100 };

// The names differ in the second half only, which one store changes.
static _Alignas(16) char name[16] = "/etc/shared";
static _Atomic int done;

static void *flip(void *unused) {
    static const char shared[8] = "red", shadow[8] = "dow";
    uint64_t words[2];
    memcpy(&words[0], shared, 8);
    memcpy(&words[1], shadow, 8);
    for (int i = 0; !done; i++) __atomic_store_n((uint64_t *)(name + 8), words[i & 1], __ATOMIC_RELAXED);
    return unused;
}

static void make(const char *path, const char *text) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    CHECK(fd >= 0 && write(fd, text, 6) == 6 && close(fd) == 0);
}

static void await(int refused) {
    struct timespec nap = {0, 1000000};
    for (int i = 0; i < 30000; i++) {
        int fd = open("/etc/shadow", O_RDONLY);
        CHECK(fd >= 0 || errno == EACCES);
        if (fd >= 0) close(fd);
        if ((fd < 0) == refused) return;
        nanosleep(&nap, 0);
    }
    CHECK(!"the guard never came or never went");
}

int main(void) {
    pthread_t flipper;
    char text[6];
    int opened = 0, refused = 0;
    CHECK(mkdir("/etc", 0700) == 0);
    make("/etc/shared", "shared");
    make("/etc/shadow", "shadow");
    CHECK(prctl(PR_SET_NAME, "before") == 0);
    await(1);
    CHECK_ERRNO(openat(AT_FDCWD, (char *)8, O_RDONLY), EFAULT);
    CHECK(pthread_create(&flipper, 0, flip, 0) == 0);
    for (int i = 0; i < MOST_ROUNDS && (i < ROUNDS || opened < ENOUGH || refused < ENOUGH); i++) {
        int fd = open(name, O_RDONLY);
        if (fd < 0) {
            // Names are read byte by byte: half of one and half of the other is a name that is not there.
            CHECK(errno == EACCES || errno == ENOENT);
            refused += errno == EACCES;
            continue;
        }
        opened++;
        CHECK(read(fd, text, sizeof text) == sizeof text);
        CHECK(memcmp(text, "shared", sizeof text) == 0);
        CHECK(close(fd) == 0);
    }
    CHECK(opened >= ENOUGH && refused >= ENOUGH);
    done = 1;
    pthread_join(flipper, 0);
    CHECK(prctl(PR_SET_NAME, "judged") == 0);
    await(0);
    return 0;
}
