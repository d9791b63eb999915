// SPDX-License-Identifier: Apache-2.0
// Descriptors of files without a name: what they hand out and take where memory is bad or divided, and the seals of a memfd.
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static long page;
static void *volatile nowhere = (void *)8;

// ---- eventfd(2)

static void *read_later(void *fd) {
    uint64_t n = 0;
    usleep(100000);
    CHECK(read(*(int *)fd, &n, 8) == 8 && n == 0xfffffffffffffffeULL);
    return 0;
}

// A count that lies across two pages which do not follow each other waits for room as any other does.
static void counting(void) {
    char *twice = mmap(0, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(twice != MAP_FAILED);
    twice[page] = 1;
    char *across = twice + page - 3;
    CHECK(mmap(twice, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == twice);
    uint64_t seven = 7, n = 0xfffffffffffffffeULL;
    memcpy(across, &seven, 8);
    int fd = eventfd(0, 0);
    CHECK(fd >= 0 && write(fd, &n, 8) == 8);
    pthread_t reader;
    CHECK(pthread_create(&reader, 0, read_later, &fd) == 0);
    CHECK(write(fd, across, 8) == 8);
    CHECK(pthread_join(reader, 0) == 0);
    memset(across, 0, 8);
    CHECK(read(fd, across, 8) == 8 && memcmp(across, &seven, 8) == 0);
    CHECK_ERRNO(write(fd, nowhere, 8), EFAULT);
    n = -1;
    CHECK_ERRNO(write(fd, &n, 8), EINVAL);
    CHECK_ERRNO(write(fd, &n, 7), EINVAL);
    CHECK_ERRNO(read(fd, &n, 7), EINVAL);
    close(fd);
    fd = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK(read(fd, &n, 8) == 8 && n == 1 && read(fd, &n, 8) == 8 && read(fd, &n, 8) == 8);
    CHECK_ERRNO(read(fd, &n, 8), EAGAIN);
    n = 0xfffffffffffffffeULL;
    CHECK(write(fd, &n, 8) == 8);
    memcpy(across, &seven, 8);
    CHECK_ERRNO(write(fd, across, 8), EAGAIN);
    close(fd);
    fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec soon = {{0, 0}, {0, 1000}};
    CHECK(timerfd_settime(fd, 0, &soon, 0) == 0 && read(fd, across, 8) == 8);
    memcpy(&n, across, 8);
    CHECK(n == 1);
    close(fd);
    munmap(twice, 3 * page);
}

// ---- seals (fcntl(2))

static int sealable(void) {
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
    CHECK(fd >= 0 && ftruncate(fd, 2 * page) == 0);
    return fd;
}

static void *map(int fd, int prot, int flags) {
    void *at = mmap(0, 2 * page, prot, flags, fd, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

// F_SEAL_WRITE is refused while somebody may write through a mapping, whether he has done so or not.
static void sealing(void) {
    int fd = sealable();
    char *at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK(fcntl(fd, F_GET_SEALS) == 0);
    CHECK(munmap(at, page) == 0);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK(mprotect(at + page, page, PROT_READ) == 0);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK(munmap(at + page, page) == 0);
    at = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    at[0] = 1;
    CHECK_ERRNO((long)mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    char *seen = map(fd, PROT_READ, MAP_SHARED);
    CHECK_ERRNO(mprotect(seen, page, PROT_READ | PROT_WRITE), EACCES);
    CHECK_ERRNO(write(fd, "x", 1), EPERM);
    CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, page), EPERM);
    CHECK(seen[0] == 0);
    munmap(at, 2 * page);
    munmap(seen, 2 * page);
    close(fd);

    // A child's copy of the mapping counts as well.
    fd = sealable();
    at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    int go[2], status;
    CHECK(pipe(go) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        _exit(read(go[0], &status, 1) != 0);
    }
    close(go[0]);
    munmap(at, 2 * page);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    close(go[1]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    close(fd);

    // F_SEAL_FUTURE_WRITE leaves the mappings that there are, and their copies, alone.
    fd = sealable();
    at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
    CHECK_ERRNO(write(fd, "x", 1), EPERM);
    child = fork();
    if (child == 0) {
        at[page] = 5;
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0 && at[page] == 5);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK_ERRNO((long)mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    munmap(at, 2 * page);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);
}

int main(void) {
    page = sysconf(_SC_PAGESIZE);
    counting();
    sealing();
    return 0;
}
