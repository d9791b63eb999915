// SPDX-License-Identifier: Apache-2.0
// A datagram or a record is one operation: sent once also when it is dropped, refused once, and left alone by a read of nothing.
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static volatile sig_atomic_t pipeSignals;

static void count(int signal) {
    (void)signal;
    pipeSignals++;
}

static int udp(struct sockaddr_in *address) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t length = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(s >= 0 && bind(s, (struct sockaddr *)address, length) == 0);
    CHECK(getsockname(s, (struct sockaddr *)address, &length) == 0);
    return s;
}

// Each way to write one sends it once, whatever becomes of it.
static void dropped(void) {
    struct sockaddr_in to, other;
    int receiver = udp(&to), wanted = udp(&other), s = socket(AF_INET, SOCK_DGRAM, 0);
    char bytes[1000] = {0};
    struct iovec parts[2] = {{bytes, 400}, {bytes, 600}};
    CHECK(connect(s, (struct sockaddr *)&to, sizeof to) == 0);
    for (int i = 0; i < 3000; i++) {
        CHECK(send(s, bytes, sizeof bytes, 0) == sizeof bytes);
        CHECK(write(s, bytes, sizeof bytes) == sizeof bytes);
        CHECK(writev(s, parts, 2) == sizeof bytes);
    }
    // A connected receiver wants its peer's only.
    CHECK(connect(wanted, (struct sockaddr *)&to, sizeof to) == 0);
    int stranger = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(connect(stranger, (struct sockaddr *)&other, sizeof other) == 0);
    CHECK(write(stranger, bytes, 10) == 10 || errno == ECONNREFUSED);
    CHECK_ERRNO(recv(wanted, bytes, sizeof bytes, MSG_DONTWAIT), EAGAIN);
    close(receiver);
    close(wanted);
    close(s);
    close(stranger);
}

// Nobody is there: the datagram counts as sent, and the answer is reported once, to whoever asks first.
static void refused(void) {
    struct sockaddr_in to;
    char byte = 'x';
    int error;
    socklen_t length = sizeof error;
    close(udp(&to));
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct pollfd p = {.fd = s, .events = POLLIN};
    CHECK(connect(s, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK(send(s, &byte, 1, 0) == 1);
    CHECK(poll(&p, 1, PATIENCE) == 1 && (p.revents & POLLERR));
    CHECK_ERRNO(send(s, &byte, 1, 0), ECONNREFUSED);
    CHECK(write(s, &byte, 1) == 1);
    CHECK(poll(&p, 1, PATIENCE) == 1 && (p.revents & POLLERR));
    CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNREFUSED);
    CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0);
    CHECK(write(s, &byte, 1) == 1);
    CHECK(poll(&p, 1, PATIENCE) == 1);
    CHECK_ERRNO(recv(s, &byte, 1, 0), ECONNREFUSED);
    CHECK_ERRNO(recv(s, &byte, 1, MSG_DONTWAIT), EAGAIN);
    close(s);
}

// read(2) and readv(2) of no bytes take nothing; recv(2) takes a datagram whatever its room.
static void nothing(int type) {
    int s[2];
    char in[8];
    struct iovec none[2] = {{in, 0}, {in, 0}};
    CHECK(socketpair(AF_UNIX, type, 0, s) == 0);
    CHECK(read(s[1], in, 0) == 0);
    CHECK(write(s[0], "one", 3) == 3 && write(s[0], "two", 3) == 3);
    CHECK(read(s[1], in, 0) == 0 && readv(s[1], none, 2) == 0);
    CHECK(recv(s[1], in, sizeof in, 0) == 3 && memcmp(in, "one", 3) == 0);
    CHECK(recv(s[1], in, 0, 0) == 0);
    CHECK_ERRNO(recv(s[1], in, sizeof in, MSG_DONTWAIT), EAGAIN);
    close(s[0]);
    close(s[1]);
}

// SIGPIPE comes with a stream's EPIPE and with no other.
static void broken(int type, int signals) {
    int s[2];
    CHECK(socketpair(AF_UNIX, type, 0, s) == 0);
    pipeSignals = 0;
    CHECK(shutdown(s[0], SHUT_WR) == 0);
    CHECK_ERRNO(write(s[0], "x", 1), EPIPE);
    CHECK_ERRNO(send(s[0], "x", 1, 0), EPIPE);
    CHECK(pipeSignals == 2 * signals);
    CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(pipeSignals == 2 * signals);
    close(s[0]);
    close(s[1]);
}

static int full[2];

static void *blocked(void *out) {
    CHECK(send(full[0], "y", 1, 0) == 1);
    return out;
}

// Who waits for room goes on when the buffer is made larger.
static void grown(void) {
    int small = 4096, large = 1 << 20;
    char bytes[1000] = {0};
    pthread_t thread;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, full) == 0);
    CHECK(setsockopt(full[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    while (send(full[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
    CHECK(errno == EAGAIN && pthread_create(&thread, NULL, blocked, NULL) == 0);
    usleep(20000);
    CHECK(setsockopt(full[0], SOL_SOCKET, SO_SNDBUF, &large, sizeof large) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    close(full[0]);
    close(full[1]);
}

// A receiver takes so many from those whom it does not talk to itself; there is room again when it has read one.
static void queued(void) {
    struct sockaddr_un name = {AF_UNIX, "\0datagrams.c"};
    int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), sent = 0;
    char in[8];
    CHECK(bind(r, (struct sockaddr *)&name, sizeof name) == 0 && connect(s, (struct sockaddr *)&name, sizeof name) == 0);
    while (sent < 100000 && send(s, "x", 1, 0) == 1) sent++;
    CHECK(errno == EAGAIN && sent >= 10 && sent < 100000);
    struct pollfd p = {.fd = s, .events = POLLOUT};
    CHECK(poll(&p, 1, 0) == 0 && recv(r, in, sizeof in, 0) == 1 && poll(&p, 1, 5000) == 1 && p.revents == POLLOUT);
    CHECK(send(s, "x", 1, 0) == 1);
    CHECK_ERRNO(send(s, "x", 1, 0), EAGAIN);
    close(r);
    CHECK(poll(&p, 1, 5000) == 1);
    // That the peer has gone is told once; then there is none.
    CHECK_ERRNO(send(s, "x", 1, 0), ECONNREFUSED);
    CHECK_ERRNO(send(s, "x", 1, 0), ENOTCONN);
    close(s);
}

// Large and small ones in turn, in order and whole; more than the buffer can hold are refused.
static void sizes(int type) {
    enum { MOST = 20000 };
    static unsigned char out[MOST], in[MOST + 1];
    int s[2], buffer;
    socklen_t length = sizeof buffer;
    CHECK(socketpair(AF_UNIX, type, 0, s) == 0);
    for (int i = 0; i < MOST; i++) out[i] = (unsigned char)(i * 7 + (i >> 8));
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 4; i++) {
            size_t size = (size_t)(round * 97 + i * 4999) % MOST;
            CHECK(send(s[0], out + i, size - (size_t)i * (size > 3), 0) == (ssize_t)(size - (size_t)i * (size > 3)));
        }
        for (int i = 0; i < 4; i++) {
            size_t size = (size_t)(round * 97 + i * 4999) % MOST;
            size -= (size_t)i * (size > 3);
            CHECK(recv(s[1], in, sizeof in, MSG_PEEK) == (ssize_t)size && memcmp(in, out + i, size) == 0);
            memset(in, 0, sizeof in);
            CHECK(recv(s[1], in, sizeof in, 0) == (ssize_t)size && memcmp(in, out + i, size) == 0);
        }
    }
    CHECK(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &buffer, &length) == 0);
    char *big = calloc(1, (size_t)buffer + 1);
    CHECK_ERRNO(send(s[0], big, (size_t)buffer, MSG_DONTWAIT), EMSGSIZE);
    free(big);
    close(s[0]);
    close(s[1]);
}

// One that cannot be read whole is lost, with EFAULT; one that cannot be sent whole is not sent.
static void faults(int domain, int type) {
    int s[2];
    char *bytes = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), in[16];
    CHECK(bytes != MAP_FAILED && mprotect(bytes + 4096, 4096, PROT_NONE) == 0);
    if (domain == AF_UNIX) {
        CHECK(socketpair(domain, type, 0, s) == 0);
    } else {
        struct sockaddr_in to;
        s[1] = udp(&to);
        CHECK((s[0] = socket(domain, type, 0)) >= 0 && connect(s[0], (struct sockaddr *)&to, sizeof to) == 0);
    }
    CHECK(send(s[0], "123456789abc", 12, 0) == 12 && send(s[0], "next", 4, 0) == 4);
    CHECK_ERRNO(recv(s[1], bytes + 4096 - 8, 16, 0), EFAULT);
    CHECK(recv(s[1], in, sizeof in, 0) == 4 && memcmp(in, "next", 4) == 0);
    CHECK_ERRNO(send(s[0], bytes + 4096 - 8, 16, 0), EFAULT);
    CHECK_ERRNO(recv(s[1], in, sizeof in, MSG_DONTWAIT), EAGAIN);
    close(s[0]);
    close(s[1]);
    munmap(bytes, 8192);
}

int main(void) {
    alarm(PATIENCE / 1000);
    signal(SIGPIPE, count);
    dropped();
    refused();
    nothing(SOCK_DGRAM);
    nothing(SOCK_SEQPACKET);
    broken(SOCK_STREAM, 1);
    broken(SOCK_SEQPACKET, 0);
    broken(SOCK_DGRAM, 0);
    grown();
    queued();
    sizes(SOCK_DGRAM);
    sizes(SOCK_SEQPACKET);
    faults(AF_UNIX, SOCK_DGRAM);
    faults(AF_UNIX, SOCK_SEQPACKET);
    faults(AF_INET, SOCK_DGRAM);
    return 0;
}
