// SPDX-License-Identifier: Apache-2.0
// Prints, for some calls, how many bytes the Sentry allocates in 10,000 of them once it is warm, by system call 500 of the example
// bundle allocation-probe: "name<TAB>bytes". Waits for the bundle to be there.
#include "../c/check.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum { WARM_UP = 30000, CALLS = 10000 };
static char buffer[4096];
static int file, ends[2], sockets[2];
static struct iovec part = {buffer, 1};
static struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
static struct stat status;

static void getppid_call(void) { syscall(SYS_getppid); }
static void pread_4k(void) { CHECK(pread(file, buffer, sizeof buffer, 4096) == sizeof buffer); }
static void pwrite_4k(void) { CHECK(pwrite(file, buffer, sizeof buffer, 8192) == sizeof buffer); }
static void pipe_write_read(void) { CHECK(write(ends[1], buffer, 1) == 1 && read(ends[0], buffer, 1) == 1); }
static void stat_path(void) { CHECK(stat("/tmp/allocation.x", &status) == 0); }
static void send_recv(void) { CHECK(send(sockets[1], buffer, 1, 0) == 1 && recv(sockets[0], buffer, 1, 0) == 1); }
static void send_recv_flags(void) {
    CHECK(send(sockets[1], buffer, 1, MSG_NOSIGNAL) == 1 && recv(sockets[0], buffer, 1, MSG_DONTWAIT) == 1);
}
static void sendmsg_recvmsg(void) { CHECK(sendmsg(sockets[1], &message, 0) == 1 && recvmsg(sockets[0], &message, 0) == 1); }

static void measure(const char *name, void (*call)(void)) {
    for (int i = 0; i < WARM_UP; i++) call();
    long before = syscall(500);
    for (int i = 0; i < CALLS; i++) call();
    printf("%s\t%ld\n", name, syscall(500) - before);
}

int main(void) {
    struct timespec nap = {0, 10000000};
    for (int i = 0; i < 3000 && syscall(500) == -1; i++) nanosleep(&nap, 0);
    CHECK(syscall(500) > 0);
    CHECK((file = open("/tmp/allocation.x", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0 && ftruncate(file, 1 << 20) == 0);
    CHECK(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    measure("syscall", getppid_call);
    measure("pread_4k", pread_4k);
    measure("pwrite_4k", pwrite_4k);
    measure("pipe_write_read", pipe_write_read);
    measure("stat", stat_path);
    measure("send_recv", send_recv);
    measure("send_recv_flags", send_recv_flags);
    measure("sendmsg_recvmsg", sendmsg_recvmsg);
    return 0;
}
