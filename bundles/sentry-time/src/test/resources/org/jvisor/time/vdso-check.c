// SPDX-License-Identifier: Apache-2.0
// Loads a vDSO image by the C library's own loader, puts a clock page before it, finds every function by name and version, calls it
// and compares with the host's clocks. Arguments: image, page, host's CLOCK_MONOTONIC when the page's began, CPUs, compare|measure.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int failures;
static void *library;

static void check(int ok, const char *what, long got, long low, long high) {
    if (!ok) {
        printf("FAILED %s: %ld, expected %ld to %ld\n", what, got, low, high);
        failures++;
    }
}

static void *find(const char *name) {
    char full[64];
    void *plain = dlvsym(library, name, "LINUX_2.6");
    snprintf(full, sizeof full, "__vdso_%s", name);
    void *prefixed = dlvsym(library, full, "LINUX_2.6");
    if (plain == NULL || plain != prefixed || dlvsym(library, name, "LINUX_2.5") != NULL) {
        printf("FAILED look-up of %s\n", name);
        exit(1);
    }
    return plain;
}

static long now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

int main(int argc, char **argv) {
    long boot = atol(argv[3]);
    int cpus = atoi(argv[4]);
    library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL) {
        printf("FAILED %s\n", dlerror());
        return 1;
    }
    struct link_map *map;
    dlinfo(library, RTLD_DI_LINKMAP, &map);
    int fd = open(argv[2], O_RDONLY);
    void *page = mmap((char *) map->l_addr - 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
    if (page == MAP_FAILED) {
        perror("FAILED mmap");
        return 1;
    }
    int usable = ((int *) page)[16 + 16 * (*(int *) page & 1)];
    if (!usable) {
        boot = 0;
    }
    int (*gettime)(clockid_t, struct timespec *) = find("clock_gettime");
    int (*getres)(clockid_t, struct timespec *) = find("clock_getres");
    int (*timeofday)(struct timeval *, struct timezone *) = find("gettimeofday");
    time_t (*gettime_seconds)(time_t *) = find("time");
    int (*cpu)(unsigned *, unsigned *, void *) = find("getcpu");

    if (strcmp(argv[5], "measure") == 0) {
        struct timespec t;
        struct { const char *name; int (*function)(clockid_t, struct timespec *); } both[] =
                {{"vdso", gettime}, {"host", clock_gettime}};
        for (int i = 0; i < 4; i++) {
            long start = now(CLOCK_MONOTONIC);
            for (int n = 0; n < 2000000; n++) {
                both[i & 1].function(CLOCK_MONOTONIC, &t);
            }
            printf("%s %.1f ns\n", both[i & 1].name, (now(CLOCK_MONOTONIC) - start) / 2e6);
        }
        return 0;
    }

    // More than the page's rate can be off in the short life of this test.
    const long slack = 2000000;
    const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                                CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    for (unsigned i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        clockid_t base = clocks[i] == CLOCK_REALTIME || clocks[i] == CLOCK_REALTIME_COARSE ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        struct timespec t;
        long shift = base == CLOCK_MONOTONIC ? boot : 0;
        if (!usable) {
            base = clocks[i];
        }
        long low = now(base) - slack - shift;
        int result = gettime(clocks[i], &t);
        long high = now(base) + slack - shift;
        long ns = t.tv_sec * 1000000000L + t.tv_nsec;
        check(result == 0 && ns >= low && ns <= high && t.tv_nsec >= 0 && t.tv_nsec < 1000000000, "clock_gettime", ns, low, high);
        struct timespec r, hostr;
        result = getres(clocks[i], &r);
        clock_getres(clocks[i], &hostr);
        check(result == 0 && r.tv_sec == 0 && (r.tv_nsec == 1 || r.tv_nsec == 4000000), "clock_getres", r.tv_nsec, 1, 4000000);
        check(getres(clocks[i], NULL) == 0, "clock_getres without result", clocks[i], 0, 0);
    }
    struct timespec t, u;
    long low = now(CLOCK_PROCESS_CPUTIME_ID);
    check(gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "process time", 0, 0, 0);
    check(t.tv_sec * 1000000000L + t.tv_nsec >= low, "process time", t.tv_nsec, low, 0);
    check(gettime(99, &t) == -22, "unknown clock", gettime(99, &t), -22, -22);
    check(gettime(-1, &t) == -22 || gettime(-1, &t) == 0, "negative clock", gettime(-1, &t), -22, 0);
    check(getres(99, &t) == -22, "resolution of an unknown clock", 0, -22, -22);

    struct timeval v;
    struct timezone z = {1, 1};
    low = now(CLOCK_REALTIME) / 1000 - slack / 1000;
    check(timeofday(&v, &z) == 0 && z.tz_minuteswest == 0 && z.tz_dsttime == 0, "zone", z.tz_minuteswest, 0, 0);
    long high = now(CLOCK_REALTIME) / 1000 + slack / 1000;
    long us = v.tv_sec * 1000000L + v.tv_usec;
    check(us >= low && us <= high && v.tv_usec < 1000000, "gettimeofday", us, low, high);
    check(timeofday(NULL, &z) == 0 && timeofday(&v, NULL) == 0 && timeofday(NULL, NULL) == 0, "gettimeofday of nothing", 0, 0, 0);

    time_t stored = 0;
    low = (now(CLOCK_REALTIME) - slack) / 1000000000L;
    time_t seconds = gettime_seconds(&stored);
    high = (now(CLOCK_REALTIME) + slack) / 1000000000L;
    check(seconds >= low && seconds <= high && stored == seconds, "time", seconds, low, high);
    check(gettime_seconds(NULL) >= seconds, "time without result", 0, 0, 0);

    unsigned c = 1000, n = 1000;
    check(cpu(&c, &n, NULL) == 0 && c < (unsigned) cpus && n == 0, "getcpu", c, 0, cpus - 1);
    check(cpu(NULL, NULL, NULL) == 0, "getcpu of nothing", 0, 0, 0);

    gettime(CLOCK_MONOTONIC, &t);
    for (int i = 0; i < 200000; i++) {
        gettime(CLOCK_MONOTONIC, &u);
        long step = (u.tv_sec - t.tv_sec) * 1000000000L + u.tv_nsec - t.tv_nsec;
        if (step < 0) {
            check(0, "monotonic", step, 0, 0);
            break;
        }
        t = u;
    }
    if (failures == 0) {
        puts("all right");
    }
    return failures != 0;
}
