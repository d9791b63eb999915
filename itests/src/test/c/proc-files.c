// SPDX-License-Identifier: Apache-2.0
// /proc: what fdinfo tells of descriptors without a name, values of /proc/sys by namespace, and what is read-only.
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

static char text[1 << 16];

static char *read_file(const char *path) {
    int fd = open(path, O_RDONLY), n;
    if (fd < 0) return 0;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n < 0) return 0;
    text[n] = 0;
    return text;
}

static char *info(int fd) {
    char path[50];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK(read_file(path));
    CHECK(strncmp(text, "pos:\t", 5) == 0 && strstr(text, "\nflags:\t0") && strstr(text, "\nmnt_id:\t"));
    return text;
}

static void descriptors(void) {
    int event = eventfd(0x2a, 0);
    CHECK(strstr(info(event), "\neventfd-count:               2a\n"));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int signals = signalfd(-1, &set, 0);
    CHECK(strstr(info(signals), "\nsigmask:\t0000000000000200\n"));
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    CHECK(strstr(info(timer), "\nclockid: 1\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (0, 0)\n"));
    struct itimerspec spec = {{7, 5}, {1000000, 0}};
    CHECK(timerfd_settime(timer, 0, &spec, 0) == 0);
    CHECK(strstr(info(timer), "\nit_value: (999999, ") && strstr(text, ")\nit_interval: (7, 5)\n"));
    spec = (struct itimerspec){{0, 0}, {0, 1}};
    CHECK(timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, 0) == 0);
    while (!strstr(info(timer), "\nticks: 1\nsettime flags: 01\n")) usleep(1000);
    uint64_t ticks;
    CHECK(read(timer, &ticks, 8) == 8 && ticks == 1);
    int watching = epoll_create1(0);
    struct epoll_event watched = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x1234567890abcdefULL};
    CHECK(epoll_ctl(watching, EPOLL_CTL_ADD, event, &watched) == 0);
    struct stat s;
    char line[200];
    CHECK(fstat(event, &s) == 0);
    snprintf(line, sizeof line, "\ntfd: %8d events: 80000019 data: 1234567890abcdef  pos:0 ino:%lx sdev:%x\n", event, (long)s.st_ino,
        (unsigned)(major(s.st_dev) << 20 | minor(s.st_dev)));
    CHECK(strstr(info(watching), line));
    CHECK(epoll_ctl(watching, EPOLL_CTL_ADD, timer, &watched) == 0);
    CHECK(strstr(strstr(info(watching), "tfd:") + 1, "tfd:"));
    CHECK(epoll_ctl(watching, EPOLL_CTL_DEL, event, 0) == 0 && epoll_ctl(watching, EPOLL_CTL_DEL, timer, 0) == 0);
    CHECK(!strstr(info(watching), "tfd:"));
    int self = syscall(SYS_pidfd_open, getpid(), 0);
    snprintf(line, sizeof line, "\nPid:\t%d\nNSpid:\t%d", getpid(), getpid());
    CHECK(self >= 0 && strstr(info(self), line));
    pid_t child = fork();
    if (child == 0) _exit(0);
    int gone = syscall(SYS_pidfd_open, child, 0);
    CHECK(gone >= 0 && waitpid(child, 0, 0) == child && strstr(info(gone), "\nPid:\t-1\n"));
}

// Links are its own directories and the processes that it shows.
static void links(void) {
    struct stat before, after;
    CHECK(stat("/proc", &before) == 0);
    pid_t child = fork();
    if (child == 0) { pause(); _exit(0); }
    CHECK(stat("/proc", &after) == 0);
    kill(child, SIGKILL);
    CHECK(waitpid(child, 0, 0) == child && before.st_nlink > 4);
}

static int set(const char *path, const char *value) {
    int fd = open(path, O_WRONLY);
    if (fd < 0) return -1;
    int result = write(fd, value, strlen(value));
    int failed = errno;
    close(fd);
    errno = failed;
    return result;
}

// By whoever may do that: a user other than root has nothing to set.
static void settings(void) {
    // Capabilities do not help.
    CHECK(open("/proc/sys/kernel/ostype", O_WRONLY) == -1 && (errno == EACCES || errno == EROFS));
    if (geteuid() != 0 || access("/proc/sys/kernel/sem", W_OK) != 0 || unshare(CLONE_NEWIPC) != 0) return;
    char initial[100];
    CHECK(strcpy(initial, read_file("/proc/sys/kernel/sem")));
    int status;
    pid_t child = fork();
    if (child == 0) {
        CHECK(unshare(CLONE_NEWIPC) == 0);
        CHECK(set("/proc/sys/kernel/sem", "100 2000 30 40\n") == 15);
        CHECK(strcmp(read_file("/proc/sys/kernel/sem"), "100\t2000\t30\t40\n") == 0);
        CHECK(set("/proc/sys/kernel/shmmax", "8192") == 4 && set("/proc/sys/kernel/shmmni", "2") == 1);
        CHECK_ERRNO(shmget(IPC_PRIVATE, 8193, 0600), EINVAL);
        int a = shmget(IPC_PRIVATE, 8192, 0600), b = shmget(IPC_PRIVATE, 1, 0600);
        CHECK(a >= 0 && b >= 0);
        CHECK_ERRNO(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
        CHECK(shmctl(b, IPC_RMID, 0) == 0 && set("/proc/sys/kernel/shmall", "3") == 1);
        CHECK_ERRNO(shmget(IPC_PRIVATE, 8192, 0600), ENOSPC);
        CHECK((b = shmget(IPC_PRIVATE, 4096, 0600)) >= 0);
        CHECK(shmctl(a, IPC_RMID, 0) == 0 && shmctl(b, IPC_RMID, 0) == 0);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(strcmp(read_file("/proc/sys/kernel/sem"), initial) == 0);
}

int main(void) {
    descriptors(); links(); settings();
    return 0;
}
