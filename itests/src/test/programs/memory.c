// SPDX-License-Identifier: Apache-2.0
// Uses memory of each kind and tells what came of it. One command a line: "total" tells how much there is, "free" how much is left, in MiB;
// "anon", "memfd", "shared" and "pages MIB" have a child that takes so much anonymous memory, of a memfd, shared with others, or reads so
// much of the mapped file /mnt/data, and "file MIB" writes it to a file in /tmp, which is removed; "sockets" fills sockets until there is
// no memory, "pipes" a hundred pipes; "hold MIB" takes it for good, "map MIB" reads the file for good; "log" tells how often dmesg has lines of the OOM killer, and memory.events counts them.
#include "../c/check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#define MIB (1L << 20)

static char block[MIB];

static long meminfo(const char *name) {
    FILE *file = fopen("/proc/meminfo", "r");
    CHECK(file != NULL);
    char line[100], key[50];
    long kb, found = -1;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%49[^:]: %ld", key, &kb) == 2 && strcmp(key, name) == 0) found = kb;
    fclose(file);
    CHECK(found >= 0);
    return found;
}

static void take(long mib, int flags) {
    char *p = mmap(0, mib * MIB, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    for (long i = 0; i < mib * MIB; i += 4096) p[i] = 1;
}

// Returns the errno that ended it, or 0.
static int write_all(int fd, long mib) {
    for (long i = 0; i < mib * MIB;) {
        long n = write(fd, block, MIB);
        if (n < 0) return errno;
        i += n;
    }
    return 0;
}

// Twice, so that what is given up has to come again; its bytes are their place. They stay mapped.
static void read_pages(long mib) {
    int fd = open("/mnt/data", O_RDONLY);
    CHECK(fd >= 0);
    const volatile long *p = mmap(0, mib * MIB, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    for (int round = 0; round < 2; round++)
        for (long i = 0; i < mib * MIB; i += 4096) CHECK(p[i / sizeof *p] == i);
}

static int fill_pipes(void) {
    for (int i = 0; i < 100; i++) {
        int ends[2];
        if (pipe2(ends, O_NONBLOCK) != 0) return errno;
        while (write(ends[1], block, sizeof block) > 0) {}
        if (errno != EAGAIN) return errno;
    }
    return 0;
}

static int fill_sockets(void) {
    for (int i = 0; i < 500; i++) {
        int ends[2], size = MIB;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return errno;
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        while (write(ends[0], block, sizeof block) > 0) {}
        if (errno != EAGAIN) return errno;
    }
    return 0;
}

static int use(const char *what, long mib) {
    if (strcmp(what, "anon") == 0) take(mib, MAP_PRIVATE);
    else if (strcmp(what, "shared") == 0) take(mib, MAP_SHARED);
    else if (strcmp(what, "memfd") == 0) return write_all(memfd_create("m", 0), mib);
    else if (strcmp(what, "pages") == 0) read_pages(mib);
    else if (strcmp(what, "sockets") == 0) return fill_sockets();
    else if (strcmp(what, "pipes") == 0) return fill_pipes();
    else CHECK(!"a command");
    return 0;
}

static long killed(void) {
    FILE *file = fopen("/sys/fs/cgroup/memory.events", "r");
    CHECK(file != NULL);
    char key[50];
    long value, found = -1;
    while (fscanf(file, "%49s %ld", key, &value) == 2)
        if (strcmp(key, "oom_kill") == 0) found = value;
    fclose(file);
    return found;
}

static int lines_of(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

int main(void) {
    setvbuf(stdout, 0, _IOLBF, 0);
    char line[100], what[20];
    static char log[1 << 18];
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        long mib = 0;
        int status;
        CHECK(sscanf(line, "%19s %ld", what, &mib) >= 1);
        if (strcmp(what, "total") == 0) {
            struct sysinfo info;
            CHECK(sysinfo(&info) == 0 && (long)(info.totalram >> 10) == meminfo("MemTotal"));
            printf("%ld\n", meminfo("MemTotal") >> 10);
        } else if (strcmp(what, "free") == 0) {
            printf("%ld\n", meminfo("MemFree") >> 10);
        } else if (strcmp(what, "hold") == 0) {
            take(mib, MAP_PRIVATE);
            puts("held");
        } else if (strcmp(what, "map") == 0) {
            read_pages(mib);
            puts("mapped");
        } else if (strcmp(what, "log") == 0) {
            int n = klogctl(3, log, sizeof log - 1);
            CHECK(n >= 0);
            log[n] = 0;
            n = lines_of(log, "Memory cgroup out of memory: Killed process");
            CHECK(n == killed());
            printf("%d\n", n);
        } else if (strcmp(what, "file") == 0) {
            int fd = open("/tmp/file", O_RDWR | O_CREAT | O_EXCL, 0600);
            CHECK(fd >= 0);
            int error = write_all(fd, mib);
            printf("ended with %s\n", error ? strerrorname_np(error) : "nothing");
            close(fd);
            CHECK(unlink("/tmp/file") == 0);
        } else {
            fflush(stdout);
            pid_t child = fork();
            if (child == 0) _exit(use(what, mib));
            CHECK(child > 0 && waitpid(child, &status, 0) == child);
            if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
            else printf("ended with %s\n", WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "nothing");
        }
    }
    return 0;
}
