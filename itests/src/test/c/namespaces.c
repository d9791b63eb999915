// SPDX-License-Identifier: Apache-2.0
// unshare(2) and clone(2) with mount, UTS and IPC namespaces: one is exchanged, the others stay; links in /proc/self/ns tell.
#define _GNU_SOURCE
#include "check.h"
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *const kinds[] = {"mnt", "uts", "ipc", "pid", "net", "user", "cgroup"};
enum { KINDS = sizeof kinds / sizeof *kinds, KEY = 0x6a760001 };

static void numbers(char text[KINDS][64]) {
    for (int i = 0; i < KINDS; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        ssize_t length = readlink(path, text[i], 63);
        CHECK(length > 0);
        text[i][length] = 0;
        CHECK(!strncmp(text[i], kinds[i], strlen(kinds[i])) && text[i][strlen(kinds[i])] == ':');
    }
}

// Those that differ, as bits.
static int changed(char before[KINDS][64]) {
    char after[KINDS][64];
    int bits = 0;
    numbers(after);
    for (int i = 0; i < KINDS; i++) bits |= strcmp(before[i], after[i]) ? 1 << i : 0;
    return bits;
}

int main(void) {
    static char before[KINDS][64];
    char name[65], own[65];
    struct stat a, b;
    int status;
    numbers(before);
    CHECK(gethostname(own, sizeof own) == 0);
    int segment = shmget(KEY, 4096, IPC_CREAT | 0600);
    CHECK(segment >= 0);
    CHECK(stat("/proc/self/ns/uts", &a) == 0 && stat("/proc/self/ns/uts", &b) == 0 && a.st_ino == b.st_ino);

    pid_t pid = fork();
    if (!pid) {
        CHECK(unshare(CLONE_NEWUTS) == 0);
        CHECK(changed(before) == 1 << 1);
        CHECK(sethostname("other", 5) == 0 && gethostname(name, sizeof name) == 0 && !strcmp(name, "other"));
        CHECK(stat("/proc/self/ns/uts", &b) == 0 && a.st_ino != b.st_ino);

        CHECK(shmget(KEY, 4096, 0) == segment);
        char *at = shmat(segment, 0, 0);
        CHECK(at != (char *)-1);
        strcpy(at, "still here");
        CHECK(unshare(CLONE_NEWIPC) == 0);
        CHECK(changed(before) == (1 << 1 | 1 << 2));
        CHECK_ERRNO(shmget(KEY, 4096, 0), ENOENT);
        // What is attached stays so, as a mapping does.
        CHECK(!strcmp(at, "still here") && shmdt(at) == 0);
        int fresh = shmget(KEY, 8192, IPC_CREAT | 0600);
        CHECK(fresh >= 0 && shmctl(fresh, IPC_RMID, 0) == 0);

        CHECK(unshare(CLONE_NEWNS) == 0);
        CHECK(changed(before) == (1 << 0 | 1 << 1 | 1 << 2));
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);

    pid = syscall(SYS_clone, CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);
    if (!pid) {
        CHECK(changed(before) == (1 << 1 | 1 << 2));
        CHECK_ERRNO(shmget(KEY, 4096, 0), ENOENT);
        CHECK(sethostname("third", 5) == 0);
        _exit(0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);

    // Who may not administrate makes none.
    pid = fork();
    if (!pid) {
        CHECK(setresuid(1000, 1000, 1000) == 0);
        CHECK_ERRNO(unshare(CLONE_NEWIPC), EPERM);
        CHECK_ERRNO(syscall(SYS_clone, CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0), EPERM);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);

    // Nothing of it has reached this process.
    CHECK(changed(before) == 0);
    CHECK(gethostname(name, sizeof name) == 0 && !strcmp(name, own));
    struct shmid_ds ds;
    CHECK(shmctl(segment, IPC_STAT, &ds) == 0 && ds.shm_nattch == 0);
    CHECK(shmctl(segment, IPC_RMID, 0) == 0);
    return 0;
}
