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
#include <unistd.h>

#define CHECK(condition) do { if (!(condition)) { \
    fprintf(stderr, "%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition, errno, strerror(errno)); exit(1); } } while (0)

// The call fails with this errno.
#define CHECK_ERRNO(call, expected) do { errno = 0; long result_ = (long)(call); if (result_ != -1 || errno != (expected)) { \
    fprintf(stderr, "%s:%d: %s: %ld, errno %d (%s), expected %s\n", __FILE__, __LINE__, #call, result_, errno, strerror(errno), \
    #expected); exit(1); } } while (0)
