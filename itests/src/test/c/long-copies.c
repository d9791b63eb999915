// SPDX-License-Identifier: Apache-2.0
// Copies of a gigabyte in one call end soon when their process is killed or ends.
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define BUFFER (1 << 20)
#define PIECES 1024
#define TRIES 20

static char buffer[BUFFER];
static char *ends; // shared: its first byte is copied to first, and the byte in its next page last

static void vector(struct iovec *pieces, char *first, char *last) {
    pieces[0] = (struct iovec){first, 1};
    for (int i = 1; i < PIECES - 1; i++) pieces[i] = (struct iovec){buffer, BUFFER};
    pieces[PIECES - 1] = (struct iovec){last, 1};
}

static char source[BUFFER];

// Each way to copy a gigabyte between memory and memory, a file, or a device.
static void by_process_vm_readv(void) {
    struct iovec to[PIECES], from[PIECES];
    vector(to, ends, ends + 4096);
    vector(from, source, source);
    for (int i = 1; i < PIECES - 1; i++) from[i].iov_base = source;
    process_vm_readv(getpid(), to, PIECES, from, PIECES, 0);
}

// One long element at the other side.
static void by_process_vm_writev(void) {
    struct iovec from[PIECES], to;
    vector(from, source, source);
    long length = 2 + (PIECES - 2L) * BUFFER;
    char *all = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(all != MAP_FAILED);
    // The first page and the last are the parent's.
    CHECK(mremap(ends, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, all) == all);
    char *last = all + (length & -4096L);
    CHECK(mremap(ends + 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, last) == last);
    to = (struct iovec){all, length};
    process_vm_writev(getpid(), from, PIECES, &to, 1, 0);
}

// How often the last byte was not copied, since a SIGKILL that came after the first byte has ended the call.
static int cut_short(void (*copy)(void)) {
    int short_ones = 0;
    for (int i = 0; i < TRIES && short_ones == 0; i++) {
        memset(ends, 0, 8192);
        pid_t child = fork();
        if (child == 0) {
            copy();
            _exit(0);
        }
        while (((volatile char *)ends)[0] == 0 && waitpid(child, 0, WNOHANG) == 0) {}
        kill(child, SIGKILL);
        waitpid(child, 0, 0);
        int copied = 0;
        for (int at = 4096; at < 8192; at++) copied |= ends[at];
        short_ones += ends[0] != 0 && !copied;
    }
    return short_ones;
}

static volatile int copying;

static void *copy_for_ever(void *unused) {
    int file = memfd_create("target", 0);
    struct iovec pieces[PIECES];
    for (int i = 0; i < PIECES; i++) pieces[i] = (struct iovec){buffer, BUFFER / 8};
    for (;;) {
        copying = 1;
        if (pwritev(file, pieces, PIECES, 0) <= 0) return unused;
    }
}

// exit_group(2) in one thread while another copies.
static void ends_while_copying(void) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, 0, copy_for_ever, 0) == 0);
        while (!copying) {}
        usleep(2000);
        exit(7);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void) {
    memset(source, 'x', sizeof source);
    ends = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(ends != MAP_FAILED);
    CHECK(cut_short(by_process_vm_readv) > 0);
    CHECK(cut_short(by_process_vm_writev) > 0);
    ends_while_copying();
    return 0;
}
