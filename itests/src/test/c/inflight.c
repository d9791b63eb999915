// SPDX-License-Identifier: Apache-2.0
// Sockets on their way in messages (unix(7), SCM_RIGHTS): those that only messages in unreachable sockets refer to are given back, with
// all that they hold, however deep one lies in another; and a user has so many descriptors in flight.
#include "check.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static void sendDescriptors(int socket, const int *fds, int count) {
    char control[CMSG_SPACE(8 * sizeof(int))] = {0}, byte = 'x';
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(h), fds, count * sizeof(int));
    errno = 0;
    if (sendmsg(socket, &m, MSG_DONTWAIT) != 1) {
        fprintf(stderr, "sendmsg: %s\n", strerror(errno));
        exit(1);
    }
}

static int receiveDescriptor(int socket) {
    char control[CMSG_SPACE(8 * sizeof(int))], byte;
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &m, MSG_DONTWAIT) != 1) return -1;
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    CHECK(h != NULL && h->cmsg_type == SCM_RIGHTS);
    int fd;
    memcpy(&fd, CMSG_DATA(h), sizeof fd);
    return fd;
}

// A pipe's reading end; the writing end is sent along with what is to be given back.
static int witness(int *writer) {
    int p[2];
    CHECK(pipe(p) == 0);
    *writer = p[1];
    return p[0];
}

// Linux looks for what is lost when some socket is closed.
static void checkGone(int reader) {
    int s[2];
    char byte;
    struct pollfd p = {.fd = reader};
    for (int i = 0; i < 1000 && poll(&p, 1, 20) == 0; i++) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        close(s[0]);
        close(s[1]);
    }
    CHECK((p.revents & POLLHUP) && read(reader, &byte, 1) == 0);
    close(reader);
}

// Both ends of a pair in the queue of one of them.
static void itself(int type) {
    int s[2], all[3];
    int reader = witness(&all[2]);
    CHECK(socketpair(AF_UNIX, type, 0, s) == 0);
    all[0] = s[0];
    all[1] = s[1];
    sendDescriptors(s[0], all, 3);
    close(s[0]);
    close(s[1]);
    close(all[2]);
    checkGone(reader);
}

// Each in the queue of the next, in a ring; one that hangs on the ring goes along, and one that can be reached keeps it all.
static void ring(int size) {
    int pairs[64][2], kept[2], writer;
    int reader = witness(&writer);
    CHECK(size <= 64 && socketpair(AF_UNIX, SOCK_DGRAM, 0, kept) == 0);
    for (int i = 0; i < size; i++) CHECK(socketpair(AF_UNIX, i % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM, 0, pairs[i]) == 0);
    for (int i = 0; i < size; i++) sendDescriptors(pairs[(i + 1) % size][0], &pairs[i][1], 1);
    sendDescriptors(pairs[size / 2][0], &writer, 1);
    sendDescriptors(kept[0], &pairs[0][1], 1);
    for (int i = 0; i < size; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    close(writer);
    struct pollfd p = {.fd = reader};
    CHECK(poll(&p, 1, 50) == 0);
    // From the one that was kept all can be had, one after the other.
    int fd = receiveDescriptor(kept[1]), first = fd;
    CHECK(fd >= 0);
    for (int i = 0; i < 3; i++) {
        int next = receiveDescriptor(fd);
        CHECK(next >= 0);
        if (fd != first) close(fd);
        fd = next;
    }
    if (fd != first) close(fd);
    close(first);
    close(kept[0]);
    close(kept[1]);
    checkGone(reader);
}

// A listener in a connection that it has not accepted.
static void unaccepted(void) {
    struct sockaddr_un name = {AF_UNIX, "\0inflight.c"};
    int both[2];
    int reader = witness(&both[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 5) == 0);
    CHECK(connect(client, (struct sockaddr *)&name, sizeof name) == 0);
    both[0] = listener;
    sendDescriptors(client, both, 2);
    close(both[1]);
    close(listener);
    close(client);
    checkGone(reader);

    // It is not lost as long as it can be accepted.
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    name.sun_path[1]++;
    CHECK(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 5) == 0);
    CHECK(connect(client, (struct sockaddr *)&name, sizeof name) == 0);
    sendDescriptors(client, &listener, 1);
    close(client);
    int accepted = accept(listener, NULL, NULL);
    CHECK(accepted >= 0);
    close(listener);
    listener = receiveDescriptor(accepted);
    CHECK(listener >= 0 && getsockname(listener, (struct sockaddr *)&name, &(socklen_t){sizeof name}) == 0);
    close(listener);
    close(accepted);
}

// One in the queue of the next, and so on: closing the last closes all.
static void deep(int depth) {
    int writer, s[2];
    int reader = witness(&writer);
    int inner = writer;
    for (int i = 0; i < depth; i++) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        sendDescriptors(s[0], &inner, 1);
        close(s[0]);
        close(inner);
        inner = s[1];
    }
    close(inner);
    checkGone(reader);
}

// unix(7), ETOOMANYREFS.
static void limit(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        enum { LIMIT = 40 };
        struct rlimit few = {LIMIT, LIMIT};
        int s[2], fds[8], sent = 0;
        CHECK(setresuid(54321, 54321, 54321) == 0 && setrlimit(RLIMIT_NOFILE, &few) == 0);
        CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
        for (int i = 0; i < 8; i++) fds[i] = 0;
        char control[CMSG_SPACE(sizeof fds)] = {0};
        struct msghdr m = {.msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(sizeof fds);
        memcpy(CMSG_DATA(h), fds, sizeof fds);
        while (sent < 10 && sendmsg(s[0], &m, MSG_DONTWAIT) == 0) sent++;
        CHECK(errno == ETOOMANYREFS && sent == LIMIT / 8 + 1);
        CHECK(send(s[0], "x", 1, 0) == 1);
        CHECK(recv(s[1], control, 1, 0) == 0);
        CHECK(sendmsg(s[0], &m, 0) == 0);
        CHECK_ERRNO(sendmsg(s[0], &m, 0), ETOOMANYREFS);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void) {
    alarm(200);
    struct rlimit many;
    CHECK(getrlimit(RLIMIT_NOFILE, &many) == 0);
    many.rlim_cur = many.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &many) == 0);
    for (int i = 0; i < 20; i++) {
        itself(SOCK_STREAM);
        itself(SOCK_DGRAM);
        itself(SOCK_SEQPACKET);
    }
    ring(4);
    ring(63);
    unaccepted();
    deep(many.rlim_cur < 20000 ? (int)many.rlim_cur * 3 / 4 : 15000);
    limit();
    return 0;
}
