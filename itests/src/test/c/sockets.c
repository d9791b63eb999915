// SPDX-License-Identifier: Apache-2.0
// Sockets over their lives: bytes, records, datagrams, credentials, half-closed and reset connections, and full buffers.
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

static unsigned char pattern(size_t at) { return (unsigned char)(at * 7 + (at >> 8)); }

// All that is written comes, in order, while the buffers fill and empty.
static void stream(int from, int to) {
    enum { LENGTH = 3000000 };
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        static unsigned char out[70001];
        for (size_t done = 0; done < LENGTH;) {
            size_t n = LENGTH - done < sizeof out ? LENGTH - done : sizeof out;
            for (size_t i = 0; i < n; i++) out[i] = pattern(done + i);
            CHECK(send(from, out, n, 0) == (ssize_t)n);
            done += n;
        }
        CHECK(shutdown(from, SHUT_WR) == 0);
        _exit(0);
    }
    static unsigned char in[33333];
    size_t got = 0;
    ssize_t n;
    while ((n = recv(to, in, sizeof in, 0)) > 0) {
        for (ssize_t i = 0; i < n; i++) CHECK(in[i] == pattern(got + (size_t)i));
        got += (size_t)n;
    }
    CHECK(n == 0 && got == LENGTH);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(send(to, "back", 4, 0) == 4);
    char back[4];
    CHECK(recv(from, back, 4, MSG_WAITALL) == 4 && memcmp(back, "back", 4) == 0);
}

// Until it would block; poll says the same, and there is room again when all was read.
static void fill(int from, int to) {
    char bytes[1000] = {0};
    size_t written = 0, got = 0;
    ssize_t n;
    while ((n = send(from, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) written += (size_t)n;
    CHECK(n == -1 && errno == EAGAIN);
    struct pollfd p = {.fd = from, .events = POLLOUT};
    CHECK(poll(&p, 1, 0) == 0);
    while ((n = recv(to, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) got += (size_t)n;
    CHECK(errno == EAGAIN && got == written);
    CHECK(poll(&p, 1, PATIENCE) == 1 && (p.revents & POLLOUT));
}

static void records(void) {
    int s[2];
    char in[16];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0);
    CHECK(send(s[0], "first", 5, 0) == 5 && send(s[0], "second", 6, 0) == 6);
    CHECK(recv(s[1], in, 2, MSG_TRUNC) == 5 && memcmp(in, "fi", 2) == 0);
    CHECK(recv(s[1], in, sizeof in, 0) == 6 && memcmp(in, "second", 6) == 0);
    fill(s[0], s[1]);
    close(s[0]);
    CHECK(recv(s[1], in, sizeof in, 0) == 0);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[1]);
}

static void datagrams(void) {
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t length = sizeof to;
    char in[16];
    CHECK(bind(b, (struct sockaddr *)&to, sizeof to) == 0 && getsockname(b, (struct sockaddr *)&to, &length) == 0);
    CHECK(sendto(a, "ping", 4, 0, (struct sockaddr *)&to, sizeof to) == 4);
    length = sizeof from;
    CHECK(recvfrom(b, in, sizeof in, 0, (struct sockaddr *)&from, &length) == 4 && memcmp(in, "ping", 4) == 0);
    CHECK(sendto(b, "pong", 4, 0, (struct sockaddr *)&from, sizeof from) == 4);
    CHECK(recv(a, in, sizeof in, 0) == 4 && memcmp(in, "pong", 4) == 0);
    close(a);
    close(b);
}

// Single bytes with credentials: none is lost, and the sender is told of each.
static void credentials(void) {
    int s[2], on = 1;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    CHECK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    size_t written = 0, got = 0;
    while (send(s[0], "x", 1, MSG_DONTWAIT) == 1) written++;
    CHECK(errno == EAGAIN && written > 100);
    struct pollfd p = {.fd = s[0], .events = POLLOUT};
    CHECK(poll(&p, 1, 0) == 0);
    union { char bytes[CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr align; } control;
    char in[64];
    for (;;) {
        struct iovec data = {in, sizeof in};
        struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(s[1], &m, MSG_DONTWAIT);
        if (n < 0) break;
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        struct ucred sender;
        CHECK(h != NULL && h->cmsg_type == SCM_CREDENTIALS);
        memcpy(&sender, CMSG_DATA(h), sizeof sender);
        CHECK(sender.pid == getpid());
        got += (size_t)n;
    }
    CHECK(errno == EAGAIN && got == written);
    CHECK(poll(&p, 1, PATIENCE) == 1);
    close(s[0]);
    close(s[1]);
}

// A great many pairs come and go: none of them leaves anything behind.
static void pairs(void) {
    for (int i = 0; i < 20000; i++) {
        int s[2];
        CHECK(socketpair(AF_UNIX, i % 3 == 0 ? SOCK_DGRAM : i % 3 == 1 ? SOCK_STREAM : SOCK_SEQPACKET, 0, s) == 0);
        CHECK(send(s[0], &i, sizeof i, 0) == sizeof i);
        close(s[0]);
        close(s[1]);
    }
}

static void tcp(void) {
    int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    CHECK(bind(l, (struct sockaddr *)&at, sizeof at) == 0 && listen(l, 4) == 0);
    CHECK(getsockname(l, (struct sockaddr *)&at, &length) == 0);
    CHECK(connect(c, (struct sockaddr *)&at, sizeof at) == 0);
    int s = accept(l, NULL, NULL);
    CHECK(s >= 0);
    stream(c, s);
    close(c);
    close(s);
    // What is closed with bytes unread resets the connection.
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(c, (struct sockaddr *)&at, sizeof at) == 0);
    s = accept(l, NULL, NULL);
    CHECK(send(c, "lost", 4, 0) == 4);
    struct pollfd p = {.fd = s, .events = POLLIN};
    CHECK(poll(&p, 1, PATIENCE) == 1);
    close(s);
    CHECK_ERRNO(recv(c, &p, 1, 0), ECONNRESET);
    close(c);
    close(l);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(c, (struct sockaddr *)&at, sizeof at), ECONNREFUSED);
    close(c);
}

int main(void) {
    alarm(PATIENCE / 1000);
    int s[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    fill(s[0], s[1]);
    stream(s[0], s[1]);
    close(s[0]);
    close(s[1]);
    records();
    datagrams();
    credentials();
    pairs();
    tcp();
    return 0;
}
