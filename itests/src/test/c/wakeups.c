// SPDX-License-Identifier: Apache-2.0
// No wake-up is lost: several threads wait for the same thing in every way there is, and each token that is sent is taken by one
// of them. A lost one would leave the sender waiting for ever, until the alarm.
#include "check.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { TAKERS = 3, BURSTS = 60, LONGEST = 6 };
enum { PIPE, SOCKETS, EVENTFD, KINDS };
enum { READ, POLL, SELECT, LEVEL, EXCLUSIVE, EXCLUSIVE_EDGE, SHARED, SHARED_EDGE, SHARED_ONCE, NESTED, WAYS };

static int from, to, kind, way, shared_epoll, acks[2];
static atomic_int quitting;
static unsigned random_state = 5;

static unsigned below(unsigned limit) {
    random_state = random_state * 1103515245 + 12345;
    return (random_state >> 16) % limit;
}

static void watch(int epoll, int operation, int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    CHECK(epoll_ctl(epoll, operation, fd, &event) == 0);
}

static int take(void) {
    uint64_t token;
    ssize_t n = read(from, &token, kind == EVENTFD ? sizeof token : 1);
    CHECK(n > 0 || (n < 0 && errno == EAGAIN));
    return n > 0;
}

static int new_epoll(unsigned events) {
    int epoll = epoll_create1(0);
    CHECK(epoll >= 0);
    watch(epoll, EPOLL_CTL_ADD, from, events);
    return epoll;
}

static int own_epoll(void) {
    int outer, inner;
    switch (way) {
    case LEVEL: return new_epoll(EPOLLIN);
    case EXCLUSIVE: return new_epoll(EPOLLIN | EPOLLEXCLUSIVE);
    case EXCLUSIVE_EDGE: return new_epoll(EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);
    case NESTED:
        inner = new_epoll(EPOLLIN);
        CHECK((outer = epoll_create1(0)) >= 0);
        watch(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
        return outer;
    default: return shared_epoll;
    }
}

static void wait_for_token(int epoll) {
    struct pollfd one = {.fd = from, .events = POLLIN};
    struct epoll_event event;
    fd_set set;
    switch (way) {
    case READ: return;
    case POLL: CHECK(poll(&one, 1, -1) == 1); return;
    case SELECT:
        FD_ZERO(&set);
        FD_SET(from, &set);
        CHECK(select(from + 1, &set, 0, 0, 0) == 1);
        return;
    default: CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
    }
}

static int is_edge(void) { return way == SHARED_EDGE || way == EXCLUSIVE_EDGE; }

static void *taker(void *unused) {
    int epoll = own_epoll(), quit = 0;
    while (!quit) {
        wait_for_token(epoll);
        while (!quit && take()) {
            quit = quitting;
            CHECK(write(acks[1], "a", 1) == 1);
            if (!is_edge()) break;
        }
        if (way == SHARED_ONCE) watch(epoll, EPOLL_CTL_MOD, from, EPOLLIN | EPOLLONESHOT);
    }
    if (epoll != shared_epoll) close(epoll);
    return unused;
}

static void send_tokens(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        uint64_t one = 1;
        CHECK(write(to, &one, kind == EVENTFD ? sizeof one : 1) > 0);
    }
    for (unsigned i = 0; i < count; i++) {
        char ack;
        CHECK(read(acks[0], &ack, 1) == 1);
    }
}

static void open_channel(void) {
    int ends[2];
    if (kind == EVENTFD) CHECK((ends[0] = ends[1] = eventfd(0, EFD_SEMAPHORE)) >= 0);
    if (kind == PIPE) CHECK(pipe(ends) == 0);
    if (kind == SOCKETS) CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    from = ends[0];
    to = ends[1];
    if (way != READ) CHECK(fcntl(from, F_SETFL, O_NONBLOCK) == 0);
}

static void tokens_arrive(void) {
    pthread_t threads[TAKERS];
    open_channel();
    CHECK(pipe(acks) == 0);
    quitting = 0;
    unsigned mode = way == SHARED_EDGE ? EPOLLET : way == SHARED_ONCE ? EPOLLONESHOT : 0;
    shared_epoll = new_epoll(EPOLLIN | mode);
    for (int i = 0; i < TAKERS; i++) CHECK(pthread_create(&threads[i], 0, taker, 0) == 0);
    for (int i = 0; i < BURSTS; i++) send_tokens(1 + below(LONGEST));
    quitting = 1;
    for (int i = 0; i < TAKERS; i++) send_tokens(1);
    for (int i = 0; i < TAKERS; i++) CHECK(pthread_join(threads[i], 0) == 0);
    close(shared_epoll);
    close(acks[0]);
    close(acks[1]);
    close(from);
    if (kind != EVENTFD) close(to);
}

// ---- connections

enum { CLIENTS = 4, CONNECTIONS = 80 };
static int listener;
static struct sockaddr_in address = {.sin_family = AF_INET};

static void answer(int fd) {
    CHECK(write(fd, "x", 1) == 1);
    CHECK(close(fd) == 0);
}

static void *accept_blocking(void *unused) {
    int fd;
    while ((fd = accept(listener, 0, 0)) >= 0) answer(fd);
    CHECK(errno == EINVAL);
    return unused;
}

static void *accept_by_epoll(void *exclusive) {
    struct epoll_event event;
    int epoll = epoll_create1(0), same = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    watch(epoll, EPOLL_CTL_ADD, same, EPOLLIN | (exclusive ? EPOLLEXCLUSIVE : 0));
    for (;;) {
        CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
        if (event.events & EPOLLHUP) break;
        int fd = accept4(same, 0, 0, SOCK_CLOEXEC);
        if (fd >= 0) answer(fd);
        else if (errno != EAGAIN) break;
    }
    close(same);
    close(epoll);
    return 0;
}

static void *client(void *unused) {
    for (int i = 0; i < CONNECTIONS; i++) {
        char bytes[2];
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
        CHECK(read(fd, bytes, 2) == 1);
        CHECK(read(fd, bytes, 2) == 0);
        CHECK(close(fd) == 0);
    }
    return unused;
}

static void connections_arrive(void *(*one)(void *), void *(*other)(void *), int flags) {
    pthread_t servers[4], clients[CLIENTS];
    listener = socket(AF_INET, SOCK_STREAM | flags, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = 0;
    socklen_t length = sizeof address;
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0 && listen(listener, 64) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&servers[i], 0, i & 1 ? one : other, (void *)(intptr_t)(i & 1)) == 0);
    for (int i = 0; i < CLIENTS; i++) CHECK(pthread_create(&clients[i], 0, client, 0) == 0);
    for (int i = 0; i < CLIENTS; i++) CHECK(pthread_join(clients[i], 0) == 0);
    CHECK(shutdown(listener, SHUT_RDWR) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(servers[i], 0) == 0);
    close(listener);
}

// A listening socket that is shut down resets what it has not accepted.
static void clients_are_refused(void) {
    listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = 0;
    socklen_t length = sizeof address;
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0 && listen(listener, 8) == 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte;
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && shutdown(listener, SHUT_RD) == 0);
    CHECK_ERRNO(read(fd, &byte, 1), ECONNRESET);
    CHECK_ERRNO(accept(listener, 0, 0), EINVAL);
    close(fd);
    close(listener);
}

// ---- datagrams

enum { BY_ADDRESS, CONNECTED, POLLING, PAIR, SENDING, DATAGRAMS = 200 };
static int sending, pair[2];
static struct sockaddr_un receiver_name;
static socklen_t receiver_length;

static void *send_datagrams(void *unused) {
    char bytes[1000] = "datagram";
    int fd = sending == PAIR ? pair[1] : socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr *name = (struct sockaddr *)&receiver_name;
    CHECK(fd >= 0);
    if (sending == CONNECTED || sending == POLLING) CHECK(connect(fd, name, receiver_length) == 0);
    for (int i = 0; i < DATAGRAMS; i++) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        switch (sending) {
        case BY_ADDRESS: CHECK(sendto(fd, bytes, sizeof bytes, 0, name, receiver_length) == sizeof bytes); break;
        case POLLING:
            do CHECK(poll(&room, 1, -1) == 1);
            while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT) < 0 && errno == EAGAIN);
            break;
        default: CHECK(send(fd, bytes, sizeof bytes, 0) == sizeof bytes);
        }
    }
    if (sending != PAIR) close(fd);
    return unused;
}

// Senders wait for room at the receiver, which is slower than they are.
static void datagrams_arrive(void) {
    pthread_t senders[TAKERS];
    char bytes[1000];
    if (sending == PAIR) CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    else CHECK((pair[0] = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0);
    receiver_name.sun_family = AF_UNIX;
    receiver_length = sizeof receiver_name;
    if (sending != PAIR) {
        CHECK(bind(pair[0], (struct sockaddr *)&receiver_name, sizeof(sa_family_t)) == 0);
        CHECK(getsockname(pair[0], (struct sockaddr *)&receiver_name, &receiver_length) == 0);
    }
    for (int i = 0; i < TAKERS; i++) CHECK(pthread_create(&senders[i], 0, send_datagrams, 0) == 0);
    for (int i = 0; i < TAKERS * DATAGRAMS; i++) {
        if (i % 100 == 0) usleep(2000);
        CHECK(recv(pair[0], bytes, sizeof bytes, 0) == sizeof bytes);
    }
    for (int i = 0; i < TAKERS; i++) CHECK(pthread_join(senders[i], 0) == 0);
    close(pair[0]);
    if (sending == PAIR) close(pair[1]);
}

// What waits for room learns that there will be none.
static void datagrams_are_refused(void) {
    char bytes[1000] = "datagram";
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    while (send(pair[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0) { }
    CHECK(errno == EAGAIN);
    struct pollfd room = {.fd = pair[1], .events = POLLOUT};
    CHECK(poll(&room, 1, 0) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(pair[0]);
        alarm(PATIENCE / 1000);
        CHECK_ERRNO(send(pair[1], bytes, sizeof bytes, MSG_NOSIGNAL), ECONNREFUSED);
        _exit(0);
    }
    usleep(20000);
    close(pair[0]);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(pair[1]);
}

// ---- what is watched goes away and comes anew, while somebody waits

static int watching_epoll;
static atomic_int closed_seen;

static void *wait_and_drop(void *unused) {
    struct epoll_event event;
    for (;;) {
        CHECK(epoll_wait(watching_epoll, &event, 1, -1) == 1);
        char byte;
        ssize_t n = read(event.data.fd, &byte, 1);
        if (n == 1) return unused;
        if (n == 0) {
            closed_seen++;
            CHECK(close(event.data.fd) == 0);
        }
    }
}

static void ends_are_told(void) {
    pthread_t waiter;
    int ends[2];
    closed_seen = 0;
    CHECK((watching_epoll = epoll_create1(0)) >= 0 && pthread_create(&waiter, 0, wait_and_drop, 0) == 0);
    for (int i = 0; i < 200; i++) {
        if (i & 1) CHECK(pipe(ends) == 0);
        else CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        // Another one, that is watched and closed on this side, is never told of.
        int silent = eventfd(1, 0);
        watch(watching_epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | (i & 2 ? EPOLLET : 0));
        struct epoll_event never = {.events = EPOLLPRI, .data.fd = silent};
        CHECK(epoll_ctl(watching_epoll, EPOLL_CTL_ADD, silent, &never) == 0);
        CHECK(close(silent) == 0);
        CHECK(close(ends[1]) == 0);
        while (closed_seen != i + 1) usleep(100);
    }
    CHECK(pipe(ends) == 0);
    watch(watching_epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(pthread_join(waiter, 0) == 0);
}

int main(int count, char **arguments) {
    // As process 1 it would be shielded from its alarm.
    pid_t child = fork();
    if (child > 0) {
        int status;
        CHECK(waitpid(child, &status, 0) == child);
        return status != 0;
    }
    alarm(PATIENCE / 1000);
    // As long as one likes: the argument is the number of rounds.
    for (int rounds = count > 1 ? atoi(arguments[1]) : 1; rounds > 0; rounds--) {
        for (kind = 0; kind < KINDS; kind++) {
            for (way = 0; way < WAYS; way++) tokens_arrive();
        }
        connections_arrive(accept_blocking, accept_blocking, 0);
        connections_arrive(accept_by_epoll, accept_by_epoll, SOCK_NONBLOCK);
        connections_arrive(accept_blocking, accept_by_epoll, 0);
        clients_are_refused();
        for (sending = 0; sending < SENDING; sending++) datagrams_arrive();
        datagrams_are_refused();
        ends_are_told();
        alarm(PATIENCE / 1000);
    }
    return 0;
}
