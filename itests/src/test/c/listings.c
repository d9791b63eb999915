// SPDX-License-Identifier: Apache-2.0
// What open files go on to be read from, lists of names and texts, may be refused where it is too much, and costs nobody else.
#include "check.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { NAMES = 20000, OPEN = 500, MAPPINGS = 20000 };

static char folder[] = "/tmp/listingsXXXXXX";

static int count_names(void) {
    DIR *d = opendir(folder);
    CHECK(d != NULL);
    int n = 0;
    errno = 0;
    while (readdir(d)) n++;
    CHECK(errno == 0);
    closedir(d);
    return n;
}

// Opens path many times, and begins to read each; how many that went well for. What is refused is refused with ENOMEM.
static int read_many(const char *path, int directory) {
    static int fds[OPEN];
    static char buffer[1024];
    int n = 0;
    for (; n < OPEN; n++) {
        fds[n] = open(path, O_RDONLY);
        CHECK(fds[n] >= 0);
        long got = directory ? syscall(SYS_getdents64, fds[n], buffer, sizeof buffer) : read(fds[n], buffer, sizeof buffer);
        CHECK(got > 0 || errno == ENOMEM);
        if (got < 0) break;
    }
    for (int i = 0; i <= n && i < OPEN; i++) CHECK(close(fds[i]) == 0);
    return n;
}

static void directories(void) {
    char path[64];
    CHECK(mkdtemp(folder) != NULL);
    for (int i = 0; i < NAMES; i++) {
        sprintf(path, "%s/a-name-of-some-length-%d", folder, i);
        CHECK(mknod(path, S_IFREG | 0600, 0) == 0);
    }
    CHECK(count_names() == NAMES + 2);
    CHECK(read_many(folder, 1) > 10);
    CHECK(count_names() == NAMES + 2);
    for (int i = 0; i < NAMES; i++) {
        sprintf(path, "%s/a-name-of-some-length-%d", folder, i);
        CHECK(unlink(path) == 0);
    }
    CHECK(count_names() == 2);
    CHECK(rmdir(folder) == 0);
}

// Each is 70 bytes or more of /proc/self/maps.
static void texts(void) {
    char *at = mmap(NULL, 2 * MAPPINGS * 4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(at != MAP_FAILED);
    for (long i = 0; i < MAPPINGS; i++) CHECK(mprotect(at + 2 * i * 4096, 4096, PROT_NONE) == 0);
    CHECK(read_many("/proc/self/maps", 0) > 10);
    CHECK(munmap(at, 2 * MAPPINGS * 4096L) == 0);
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    char line[256];
    int lines = 0;
    while (fgets(line, sizeof line, maps)) lines++;
    CHECK(lines > 3 && lines < MAPPINGS);
    fclose(maps);
}

int main(void) {
    directories();
    texts();
    return 0;
}
