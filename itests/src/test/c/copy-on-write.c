// SPDX-License-Identifier: Apache-2.0
// After a fork one thread's writes make copies of pages, while another's read(2) and write(2) use the same pages: what was read
// is there at once, and what is sent is what was stored last.
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGES 2048
#define ROUNDS 30
#define AHEAD 40

static char *memory;
static volatile long place = -1;

static void *write_pages(void *unused) {
    for (long i = 0; i < PAGES; i++) {
        place = i;
        memory[i * 4096] = 1;
    }
    place = PAGES;
    return unused;
}

// Reads into pages just ahead of the writer.
static void *read_ahead(void *unused) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    unsigned random = 1;
    long value = 1;
    while (place < 0) {}
    for (long i = place; i < PAGES; i = place) {
        random = random * 1103515245 + 12345;
        long page = i + 1 + (random >> 16) % AHEAD;
        if (page >= PAGES) continue;
        value++;
        volatile long *at = (volatile long *)(memory + page * 4096 + 2048);
        CHECK(write(ends[1], &value, 8) == 8 && read(ends[0], (void *)at, 8) == 8);
        long got = *at;
        if (got != value) {
            fprintf(stderr, "page %ld has %ld where %ld was read\n", page, got, value);
            exit(1);
        }
        // The other way: what is stored is what is sent.
        *at = value + 1000000;
        long sent = 0;
        CHECK(write(ends[1], (void *)at, 8) == 8 && read(ends[0], &sent, 8) == 8);
        CHECK(sent == value + 1000000);
    }
    close(ends[0]);
    close(ends[1]);
    return unused;
}

#define SHARED_PAGES 64
#define FORKS 100

static volatile int forked;

// Reads big pieces into the pages all the time.
static void *read_on(void *pages) {
    int file = memfd_create("values", 0);
    static long values[SHARED_PAGES * 512];
    for (long value = 1; !forked; value++) {
        for (int i = 0; i < SHARED_PAGES * 512; i++) values[i] = value;
        CHECK(pwrite(file, values, sizeof values, 0) == sizeof values);
        CHECK(pread(file, pages, sizeof values, 0) == sizeof values);
        CHECK(memcmp(pages, values, sizeof values) == 0);
    }
    close(file);
    return 0;
}

// What a thread reads while another one forks comes to the parent, and does not come to the child once that is there.
static void forks_while_reading(void) {
    char *pages = mmap(0, SHARED_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char seen[SHARED_PAGES * 4096];
    pthread_t reader;
    CHECK(pthread_create(&reader, 0, read_on, pages) == 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            memcpy(seen, pages, sizeof seen);
            usleep(1000);
            _exit(memcmp(seen, pages, sizeof seen) != 0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    forked = 1;
    CHECK(pthread_join(reader, 0) == 0);
}

int main(void) {
    forks_while_reading();
    memory = mmap(0, PAGES * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (int round = 0; round < ROUNDS; round++) {
        memset(memory, 0, PAGES * 4096L);
        pid_t child = fork();
        if (child == 0) {
            pause();
            _exit(0);
        }
        place = -1;
        pthread_t reader, writer;
        CHECK(pthread_create(&reader, 0, read_ahead, 0) == 0 && pthread_create(&writer, 0, write_pages, 0) == 0);
        CHECK(pthread_join(writer, 0) == 0 && pthread_join(reader, 0) == 0);
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, 0, 0) == child);
    }
    return 0;
}
