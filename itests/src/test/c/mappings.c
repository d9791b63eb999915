// SPDX-License-Identifier: Apache-2.0
// Mappings whose file is cut under them, and what mmap(2) and mprotect(2) say to arguments that mean nothing.
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PAGE = 4096 };

static sigjmp_buf back;
static siginfo_t got;

static void caught(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    got = *info;
    siglongjmp(back, 1);
}

// Reads a byte, or writes one. The signal that it gets, 0 for none.
static int touch(volatile char *at, int writes) {
    if (sigsetjmp(back, 1)) return got.si_signo;
    if (writes) *at = 'w'; else (void)*at;
    return 0;
}

static int is_beyond_end(volatile char *at, int writes) {
    return touch(at, writes) == SIGBUS && got.si_code == BUS_ADRERR && got.si_addr == at;
}

// mmap(2): what is beyond a file's new end is gone from private mappings, too, with what they had written there.
static void cut_file(int file) {
    CHECK(file >= 0 && ftruncate(file, 3 * PAGE) == 0);
    char *shared = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *own = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CHECK(shared != MAP_FAILED && own != MAP_FAILED);
    memset(shared, 'a', 3 * PAGE);
    own[0] = 'o';
    own[PAGE] = 'p';
    own[2 * PAGE] = 'q';
    CHECK(is_beyond_end(own + 3 * PAGE, 0) && is_beyond_end(shared + 3 * PAGE, 1));
    int go[2], went[2];
    CHECK(pipe(go) == 0 && pipe(went) == 0);
    pid_t child = fork();
    if (child == 0) {
        char c;
        own[2 * PAGE + 1] = 'c'; // a copy of the child's own, of a copy
        if (write(went[1], "x", 1) != 1 || read(go[0], &c, 1) != 1) _exit(9);
        _exit(own[PAGE] == 'p' && is_beyond_end(own + 2 * PAGE, 0) && is_beyond_end(shared + 2 * PAGE, 0) ? 0 : 1);
    }
    char c;
    CHECK(read(went[0], &c, 1) == 1);
    CHECK(ftruncate(file, PAGE + 100) == 0);
    CHECK(write(go[1], "x", 1) == 1);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(own[0] == 'o' && own[PAGE] == 'p' && shared[PAGE + 99] == 'a' && shared[PAGE + 100] == 0);
    CHECK(is_beyond_end(own + 2 * PAGE, 0) && is_beyond_end(own + 2 * PAGE + 5, 1) && is_beyond_end(shared + 2 * PAGE, 0));
    CHECK_ERRNO(write(went[1], own + 2 * PAGE, 10), EFAULT);
    CHECK(ftruncate(file, 4 * PAGE) == 0);
    CHECK(touch(own + 2 * PAGE, 0) == 0 && own[2 * PAGE] == 0 && own[2 * PAGE + 1] == 0 && own[3 * PAGE] == 0);
    CHECK(own[PAGE] == 'p' && shared[2 * PAGE] == 0);
    // A hole is no end: copies stay.
    own[2 * PAGE] = 'r';
    if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE) == 0) {
        CHECK(own[2 * PAGE] == 'r' && own[PAGE] == 'p' && own[0] == 'o' && shared[PAGE] == 0);
    }
    // To nothing, and everything is gone.
    CHECK(ftruncate(file, 0) == 0);
    CHECK(is_beyond_end(own, 0) && is_beyond_end(own + PAGE, 1) && is_beyond_end(shared, 0));
    for (int i = 0; i < 2; i++) close(go[i]), close(went[i]);
    munmap(shared, 4 * PAGE);
    munmap(own, 4 * PAGE);
    close(file);
}

static volatile int stop;
static int being_cut;

static void *cut_again_and_again(void *unused) {
    while (!stop) {
        if (ftruncate(being_cut, 0) || ftruncate(being_cut, 8 * PAGE)) return (void *)1;
    }
    return unused;
}

// Whatever a copy meets, it is the file's, a copy of the file's or none: no byte of before stays behind an end.
static void cut_while_copying(void) {
    being_cut = memfd_create("cut", 0);
    CHECK(being_cut >= 0 && ftruncate(being_cut, 8 * PAGE) == 0);
    char *own = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, being_cut, 0);
    pthread_t cutter;
    pthread_create(&cutter, 0, cut_again_and_again, 0);
    for (int i = 0; i < 3000; i++) {
        int signal = touch(own + i % 8 * PAGE, 1);
        CHECK(signal == 0 || signal == SIGBUS);
        if (i % 500 == 0) {
            pid_t child = fork();
            if (child == 0) {
                int n = touch(own + 3 * PAGE, 1);
                _exit(n == 0 || n == SIGBUS ? 0 : 1);
            }
            int status;
            CHECK(waitpid(child, &status, 0) == child && status == 0);
        }
    }
    stop = 1;
    void *result;
    pthread_join(cutter, &result);
    CHECK(result == 0);
    CHECK(ftruncate(being_cut, 0) == 0 && ftruncate(being_cut, 8 * PAGE) == 0);
    for (int i = 0; i < 8; i++) CHECK(own[i * PAGE] == 0);
    munmap(own, 8 * PAGE);
    close(being_cut);
}

static void rights_without_meaning(void) {
    char *at = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *at = 7;
    CHECK_ERRNO(mprotect(at, PAGE, 0x40), EINVAL);
    CHECK_ERRNO(syscall(SYS_mprotect, at, PAGE, 0x100000001), EINVAL);
    CHECK_ERRNO(mprotect(at, PAGE, PROT_READ | PROT_GROWSUP), EINVAL);
    CHECK_ERRNO(mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
    CHECK_ERRNO(mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
    CHECK_ERRNO(mprotect(at + 1, PAGE, 0x40), EINVAL);
    CHECK(mprotect(at, 0, 0x40) == 0);
    CHECK_ERRNO(mprotect(at, -PAGE, 0x40), ENOMEM);
    CHECK_ERRNO(mprotect((void *)0x10000, PAGE, PROT_READ | PROT_GROWSUP), ENOMEM);
    CHECK(mprotect(at, PAGE, PROT_READ | PROT_WRITE | 8) == 0); // PROT_SEM
    *at += 1;
    CHECK(*at == 8);
    // What can be changed before the end of what is mapped has been.
    munmap(at + 2 * PAGE, 2 * PAGE);
    CHECK_ERRNO(mprotect(at, 1UL << 46, PROT_READ), ENOMEM);
    CHECK(touch(at, 1) == SIGSEGV);
    munmap(at, 2 * PAGE);
}

static void low_addresses(void) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT;
    char *wanted = (char *)0x50000000;
    CHECK(mmap(wanted, 1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC, flags | MAP_NORESERVE, -1, 0) == wanted);
    char *other = mmap(wanted, PAGE, PROT_READ, flags, -1, 0);
    CHECK(other != wanted && (unsigned long)other < 0x80000000UL);
    CHECK(munmap(wanted, 1 << 20) == 0);
    CHECK(mmap(wanted, 1 << 20, PROT_READ, flags, -1, 0) == wanted);
    char *beyond = mmap((void *)0x700000000000, PAGE, PROT_READ, flags, -1, 0);
    CHECK(beyond != MAP_FAILED && (unsigned long)beyond < 0x80000000UL);
    CHECK(munmap(wanted, 1 << 20) == 0 && munmap(other, PAGE) == 0 && munmap(beyond, PAGE) == 0);
}

// mlock(2): when it has returned, all of the range is there, whatever interrupted it.
static void locked_pages(void) {
    enum { PAGES = 200 };
    unsigned char there[PAGES];
    char *m = mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(m != MAP_FAILED && mlock(m, PAGES * 4096) == 0 && mincore(m, PAGES * 4096, there) == 0);
    for (int i = 0; i < PAGES; i++) CHECK(there[i] & 1);
    munmap(m, PAGES * 4096);
}

// A transfer by /proc/PID/mem comes to its end, too.
static void whole_transfers_by_mem(void) {
    size_t length = 1 << 20;
    int mem = open("/proc/self/mem", O_RDWR);
    char *to = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *from = malloc(length);
    for (size_t i = 0; i < length; i++) from[i] = i * 31 >> 4;
    CHECK(mem >= 0 && pwrite(mem, from, length, (off_t)to) == (ssize_t)length && memcmp(from, to, length) == 0);
    memset(from, 0, length);
    CHECK(pread(mem, from, length, (off_t)to) == (ssize_t)length && memcmp(from, to, length) == 0);
    free(from);
    munmap(to, length);
    close(mem);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, 0);
    sigaction(SIGSEGV, &action, 0);
    char name[] = "/tmp/mappingsXXXXXX", other[] = "/dev/shm/mappingsXXXXXX";
    int file = mkstemp(name);
    unlink(name);
    cut_file(file);
    file = mkstemp(other);
    unlink(other);
    cut_file(file);
    cut_file(memfd_create("cut", 0));
    cut_while_copying();
    rights_without_meaning();
    low_addresses();
    locked_pages();
    whole_transfers_by_mem();
    return 0;
}
