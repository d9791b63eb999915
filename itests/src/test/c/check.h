// SPDX-License-Identifier: Apache-2.0
// What every test program here uses: a program passes when it exits with 0, on Linux and in jVisor alike.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

// How long anything may take, for calls that take a limit in milliseconds: as long as the machine is busy with other things.
#define PATIENCE 300000

#define CHECK(condition) do { if (!(condition)) { \
    fprintf(stderr, "%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition, errno, strerror(errno)); exit(1); } } while (0)

// The call fails with this errno.
#define CHECK_ERRNO(call, expected) do { errno = 0; long result_ = (long)(call); if (result_ != -1 || errno != (expected)) { \
    fprintf(stderr, "%s:%d: %s: %ld, errno %d (%s), expected %s\n", __FILE__, __LINE__, #call, result_, errno, strerror(errno), \
    #expected); exit(1); } } while (0)

// Waits until a thread of a process sleeps (proc(5), stat) or has ended, for who means to find it waiting.
static inline void asleep_thread(pid_t process, pid_t thread) {
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)process, (int)thread);
    for (;;) {
        FILE *file = fopen(path, "r");
        const char *name_end = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : 0;
        if (file) fclose(file);
        if (name_end && (name_end[2] == 'S' || name_end[2] == 'Z')) return;
        usleep(1000);
    }
}

static inline void asleep(pid_t process) { asleep_thread(process, process); }
