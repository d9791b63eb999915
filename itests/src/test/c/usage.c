// SPDX-License-Identifier: Apache-2.0
// What a process has used beside time. getrusage(2), wait4(2), proc(5): io, status, stat.
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

enum { PAGES = 2000, SLEEPS = 10 };

static char text[4096];

static long number(const char *file, const char *name) {
    int fd = open(file, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    CHECK(fd >= 0 && n > 0 && close(fd) == 0);
    text[n] = 0;
    char *at = strstr(text, name);
    CHECK(at);
    return atol(at + strlen(name));
}

static void work(void) {
    char *pages = mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    for (int i = 0; i < PAGES; i++) pages[i * 4096] = 1;
    for (int i = 0; i < SLEEPS; i++) usleep(1000);
}

static struct rusage used(int who) {
    struct rusage usage;
    CHECK(getrusage(who, &usage) == 0);
    return usage;
}

int main(void) {
    struct rusage before = used(RUSAGE_SELF), thread = used(RUSAGE_THREAD), after;
    long switches = number("/proc/self/status", "\nvoluntary_ctxt_switches:");
    work();
    after = used(RUSAGE_SELF);
    CHECK(after.ru_minflt > before.ru_minflt && after.ru_nvcsw >= before.ru_nvcsw + SLEEPS);
    after = used(RUSAGE_THREAD);
    CHECK(after.ru_minflt > thread.ru_minflt && after.ru_nvcsw >= thread.ru_nvcsw + SLEEPS);
    CHECK(number("/proc/self/status", "\nvoluntary_ctxt_switches:") >= switches + SLEEPS);

    // A child counts once it was waited for, with its own children.
    before = used(RUSAGE_CHILDREN);
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            work();
            _exit(0);
        }
        CHECK(waitpid(grandchild, 0, 0) == grandchild);
        work();
        _exit(0);
    }
    struct rusage of_child;
    siginfo_t info;
    CHECK(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
    after = used(RUSAGE_CHILDREN);
    CHECK(after.ru_minflt == before.ru_minflt && after.ru_nvcsw == before.ru_nvcsw);
    CHECK(wait4(child, 0, 0, &of_child) == child);
    CHECK(of_child.ru_minflt > 0 && of_child.ru_nvcsw >= 2 * SLEEPS);
    after = used(RUSAGE_CHILDREN);
    CHECK(after.ru_minflt == before.ru_minflt + of_child.ru_minflt && after.ru_nvcsw == before.ru_nvcsw + of_child.ru_nvcsw);

    // Bytes and calls, of whatever kind of file; also those of children that were waited for.
    int ends[2], zeros = open("/dev/zero", O_RDONLY);
    CHECK(zeros >= 0 && pipe(ends) == 0);
    long bytes_read = number("/proc/self/io", "rchar: "), bytes_written = number("/proc/self/io", "wchar: ");
    long reads = number("/proc/self/io", "syscr: "), writes = number("/proc/self/io", "syscw: ");
    for (int i = 0; i < 5; i++) {
        CHECK(write(ends[1], text, 1000) == 1000 && read(ends[0], text, 1000) == 1000);
        CHECK(read(zeros, text, 100) == 100);
    }
    child = fork();
    if (child == 0) _exit(write(ends[1], text, 3000) != 3000);
    CHECK(waitpid(child, 0, 0) == child);
    CHECK(number("/proc/self/io", "rchar: ") >= bytes_read + 5500);
    CHECK(number("/proc/self/io", "wchar: ") >= bytes_written + 8000);
    CHECK(number("/proc/self/io", "syscr: ") >= reads + 10);
    CHECK(number("/proc/self/io", "syscw: ") >= writes + 6);
    return 0;
}
