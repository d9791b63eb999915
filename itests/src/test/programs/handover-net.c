// SPDX-License-Identifier: Apache-2.0
// Keeps sockets of all kinds busy in many processes and threads until SIGUSR1: streams, records and datagrams of AF_UNIX, TCP and
// UDP, listening sockets with connections that wait, descriptors on their way, halves that are shut, options and names. Each result
// is checked: no call may fail or be short, and every byte must be what was written. Says "ok" and how often each worker came round.
#include "load.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t abstract(struct sockaddr_un *address, const char *word) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int n = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "%s-%d", word, getpid());
    return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

static int inet_bound(int type, struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, type, 0);
    CHECK(fd >= 0, "socket");
    CHECK(bind(fd, (struct sockaddr *) address, length) == 0, "bind");
    CHECK(getsockname(fd, (struct sockaddr *) address, &length) == 0, "getsockname");
    return fd;
}

static void tcp_pair(int ends[2]) {
    struct sockaddr_in address;
    int listener = inet_bound(SOCK_STREAM, &address);
    CHECK(listen(listener, 1) == 0, "listen");
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(ends[0], (struct sockaddr *) &address, sizeof address) == 0, "connect");
    ends[1] = accept(listener, 0, 0);
    CHECK(ends[1] >= 0, "accept");
    close(listener);
}

static void unix_pair(int type, int ends[2]) {
    CHECK(socketpair(AF_UNIX, type, 0, ends) == 0, "socketpair");
}

// ---- streams both ways at once: a process at each end, with a thread that sends and one that receives

static void *stream_sender(void *argument) {
    int fd = *(int *) argument;
    unsigned char *bytes = malloc(BIG);
    for (long sent = 0; !shared->stop; sent += BIG) {
        fill(bytes, BIG, sent, 3);
        ssize_t n = send(fd, bytes, BIG, 0);
        CHECK(n == BIG, "send of %d bytes gave %zd", BIG, n);
    }
    CHECK(shutdown(fd, SHUT_WR) == 0, "shutdown");
    free(bytes);
    return 0;
}

static void stream_end(int fd) {
    pthread_t sender;
    CHECK(pthread_create(&sender, 0, stream_sender, &fd) == 0, "pthread_create");
    unsigned char *bytes = malloc(100000);
    long got = 0;
    for (unsigned round = 0;; round++) {
        // With MSG_WAITALL a receive that has bytes must go on with them.
        int all = round & 1;
        ssize_t n = recv(fd, bytes, 100000, all ? MSG_WAITALL : 0);
        CHECK(n >= 0, "recv of a stream");
        if (n == 0) {
            break;
        }
        verify(bytes, n, got, 3, "stream");
        got += n;
        CHECK(!all || n == 100000 || got % BIG == 0, "MSG_WAITALL gave %zd", n);
        round_done();
    }
    CHECK(got % BIG == 0, "the stream ended after %ld bytes", got);
    pthread_join(sender, 0);
}

static void stream(int ends[2]) {
    pid_t other = fork();
    CHECK(other >= 0, "fork");
    close(ends[other == 0]);
    stream_end(ends[other != 0]);
    if (other == 0) {
        exit(0);
    }
    int status;
    CHECK(waitpid(other, &status, 0) == other && status == 0, "the other end: %x", status);
}

static void unix_stream(const char *unused) {
    (void) unused;
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    stream(ends);
}

static void tcp_stream(const char *unused) {
    (void) unused;
    int ends[2];
    tcp_pair(ends);
    stream(ends);
}

// ---- records and datagrams: numbered, none lost, none joined

struct channel {
    int in;
    int out;
    struct sockaddr *to;
    socklen_t to_length;
};

static size_t record_length(long number) {
    return number % 7 == 0 ? 0 : 16 + number * 37 % 1400;
}

static void *record_sender(void *argument) {
    struct channel *channel = argument;
    unsigned char bytes[2000];
    for (long number = 1;; number++) {
        // One that begins with zeros and has one byte only is the last.
        int last = shared->stop;
        size_t length = last ? 1 : record_length(number);
        fill(bytes, length, 0, number);
        if (last) {
            bytes[0] = 0;
        }
        ssize_t n = sendto(channel->out, bytes, length, 0, channel->to, channel->to_length);
        CHECK(n == (ssize_t) length, "a record of %zu bytes gave %zd", length, n);
        if (last) {
            return 0;
        }
        round_done();
    }
}

static void records(struct channel *channel) {
    pthread_t sender;
    CHECK(pthread_create(&sender, 0, record_sender, channel) == 0, "pthread_create");
    unsigned char bytes[2000];
    for (long number = 1;; number++) {
        if (number % 5 == 0) {
            ssize_t peeked = recv(channel->in, bytes, sizeof bytes, MSG_PEEK);
            CHECK(peeked == 1 || peeked == (ssize_t) record_length(number), "record %ld: peeked at %zd bytes", number, peeked);
        }
        ssize_t n = recv(channel->in, bytes, sizeof bytes, 0);
        if (n == 1) {
            break;
        }
        CHECK(n == (ssize_t) record_length(number), "record %ld has %zd bytes", number, n);
        verify(bytes, n, 0, number, "record");
    }
    pthread_join(sender, 0);
}

static void unix_records(const char *unused) {
    (void) unused;
    int ends[2];
    unix_pair(SOCK_SEQPACKET, ends);
    struct channel channel = {ends[0], ends[1], 0, 0};
    records(&channel);
}

static void unix_datagrams(const char *unused) {
    (void) unused;
    struct sockaddr_un address;
    socklen_t length = abstract(&address, "datagrams");
    int in = socket(AF_UNIX, SOCK_DGRAM, 0), out = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK(in >= 0 && out >= 0 && bind(in, (struct sockaddr *) &address, length) == 0, "bind");
    struct channel channel = {in, out, (struct sockaddr *) &address, length};
    records(&channel);
}

// UDP may lose what there is no room for: so one question at a time.
static void *udp_answers(void *argument) {
    int fd = *(int *) argument;
    unsigned char bytes[2000];
    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from, &length);
        CHECK(n >= 0, "recvfrom");
        CHECK(sendto(fd, bytes, n, 0, (struct sockaddr *) &from, length) == n, "sendto");
        if (n == 1) {
            return 0;
        }
    }
}

static void udp(const char *unused) {
    (void) unused;
    struct sockaddr_in to, from;
    int server = inet_bound(SOCK_DGRAM, &to), client = inet_bound(SOCK_DGRAM, &from);
    CHECK(connect(client, (struct sockaddr *) &to, sizeof to) == 0, "connect");
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, udp_answers, &server) == 0, "pthread_create");
    unsigned char bytes[2000], back[2000];
    for (long number = 1;; number++) {
        int last = shared->stop;
        ssize_t length = last ? 1 : (ssize_t) record_length(number);
        fill(bytes, length, 0, number);
        CHECK(send(client, bytes, length, 0) == length, "send");
        CHECK(recv(client, back, sizeof back, 0) == length, "recv");
        CHECK(memcmp(bytes, back, length) == 0, "a datagram's bytes");
        if (last) {
            break;
        }
        round_done();
    }
    pthread_join(thread, 0);
}

// ---- descriptors and credentials on their way

static void send_descriptor(int through, int fd, char tag) {
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {&tag, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    CHECK(sendmsg(through, &message, 0) == 1, "sendmsg");
}

static int receive_descriptor(int through, char tag) {
    union { char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr align; } control;
    char got;
    struct iovec part = {&got, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    CHECK(recvmsg(through, &message, 0) == 1 && got == tag, "recvmsg");
    int fd = -1, credentials = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_type == SCM_RIGHTS) {
            memcpy(&fd, CMSG_DATA(header), sizeof fd);
        } else if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred ucred;
            memcpy(&ucred, CMSG_DATA(header), sizeof ucred);
            CHECK(ucred.pid == getpid() && ucred.uid == getuid(), "credentials of process %d", ucred.pid);
            credentials = 1;
        }
    }
    CHECK(fd >= 0 && credentials, "descriptor %d, credentials %d", fd, credentials);
    return fd;
}

static void descriptors(const char *unused) {
    (void) unused;
    int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    int carriers[3][2], yes = 1;
    for (int i = 0; i < 3; i++) {
        unix_pair(types[i], carriers[i]);
        CHECK(setsockopt(carriers[i][1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == 0, "SO_PASSCRED");
    }
    for (unsigned round = 0; !shared->stop; round++) {
        int *through = carriers[round % 3], inner[2];
        unix_pair(SOCK_STREAM, inner);
        unsigned char bytes[500], back[500];
        fill(bytes, sizeof bytes, 0, round);
        CHECK(send(inner[0], bytes, sizeof bytes, 0) == sizeof bytes, "send");
        send_descriptor(through[0], inner[1], 'a');
        send_descriptor(through[0], through[1], 'b');
        // Now the only references to the end that has the bytes are on their way.
        close(inner[1]);
        usleep(2000);
        int end = receive_descriptor(through[1], 'a');
        CHECK(recv(end, back, sizeof back, MSG_WAITALL) == sizeof back, "recv");
        verify(back, sizeof back, 0, round, "sent along");
        CHECK(close(end) == 0 && close(receive_descriptor(through[1], 'b')) == 0, "close");
        CHECK(recv(inner[0], back, sizeof back, 0) == 0, "the end of what was sent along");
        close(inner[0]);
        round_done();
    }
}

// ---- connections that come and go, more at once than the backlog takes

#define CLIENTS 4

struct service {
    int listener;
    struct sockaddr_storage address;
    socklen_t length;
};

static void *serve(void *argument) {
    struct service *service = argument;
    for (;;) {
        int fd = accept4(service->listener, 0, 0, SOCK_CLOEXEC);
        CHECK(fd >= 0, "accept");
        unsigned char bytes[5000];
        ssize_t n = recv(fd, bytes, sizeof bytes, MSG_WAITALL);
        CHECK(n == 0 || n == 1 || n == sizeof bytes, "MSG_WAITALL gave %zd", n);
        if (n == 1) {
            close(fd);
            return 0;
        }
        CHECK(send(fd, bytes, n, 0) == n, "send");
        close(fd);
    }
}

static int connected(struct service *service) {
    int fd = socket(service->address.ss_family, SOCK_STREAM, 0);
    CHECK(fd >= 0, "socket");
    CHECK(connect(fd, (struct sockaddr *) &service->address, service->length) == 0, "connect");
    return fd;
}

static void *ask(void *argument) {
    struct service *service = argument;
    unsigned char bytes[5000], back[5000];
    for (unsigned round = 0; !shared->stop; round++) {
        int fd = connected(service);
        fill(bytes, sizeof bytes, 0, round);
        CHECK(send(fd, bytes, 2000, 0) == 2000, "send");
        usleep(200);
        CHECK(send(fd, bytes + 2000, 3000, 0) == 3000, "send of the rest");
        CHECK(shutdown(fd, SHUT_WR) == 0, "shutdown");
        CHECK(recv(fd, back, sizeof back, MSG_WAITALL) == sizeof back, "recv");
        verify(back, sizeof back, 0, round, "connection");
        CHECK(recv(fd, back, sizeof back, 0) == 0, "the connection's end");
        close(fd);
        round_done();
    }
    return 0;
}

static void connections(struct service *service) {
    CHECK(listen(service->listener, 1) == 0, "listen");
    pthread_t server, clients[CLIENTS];
    CHECK(pthread_create(&server, 0, serve, service) == 0, "pthread_create");
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(pthread_create(&clients[i], 0, ask, service) == 0, "pthread_create");
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], 0);
    }
    int fd = connected(service);
    CHECK(send(fd, "e", 1, 0) == 1 && shutdown(fd, SHUT_WR) == 0, "the last words");
    pthread_join(server, 0);
}

static void unix_connections(const char *unused) {
    (void) unused;
    struct service service;
    service.length = abstract((struct sockaddr_un *) &service.address, "service");
    service.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(service.listener >= 0 && bind(service.listener, (struct sockaddr *) &service.address, service.length) == 0, "bind");
    connections(&service);
}

static void path_connections(const char *folder) {
    struct service service;
    struct sockaddr_un *address = (struct sockaddr_un *) &service.address;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "%s/service-%d", folder, getpid());
    service.length = sizeof *address;
    service.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(service.listener >= 0 && bind(service.listener, (struct sockaddr *) address, sizeof *address) == 0, "bind to a path");
    connections(&service);
    CHECK(unlink(address->sun_path) == 0, "unlink");
}

static void tcp_connections(const char *unused) {
    (void) unused;
    struct service service;
    service.listener = inet_bound(SOCK_STREAM, (struct sockaddr_in *) &service.address);
    service.length = sizeof(struct sockaddr_in);
    connections(&service);
}

// ---- what stays as it is all the time

static int quiet[2];

static void *blocked_receive(void *unused) {
    (void) unused;
    char c;
    ssize_t n = recv(quiet[0], &c, 1, 0);
    CHECK(n == 1 && c == 'x', "a receive that waited all the time gave %zd", n);
    return 0;
}

static void *blocked_accept(void *argument) {
    int fd = accept(*(int *) argument, 0, 0);
    CHECK(fd >= 0, "an accept that waited all the time");
    return (void *) (long) fd;
}

static void lasting(const char *unused) {
    (void) unused;
    struct sockaddr_in port;
    int listener = inet_bound(SOCK_STREAM, &port), halves[2], full[2], ends[2], tuned = socket(AF_INET, SOCK_STREAM, 0);
    unix_pair(SOCK_STREAM, quiet);
    unix_pair(SOCK_STREAM, halves);
    unix_pair(SOCK_STREAM, full);
    tcp_pair(ends);
    pthread_t receiver, acceptor;
    CHECK(listen(listener, 1) == 0, "listen");
    CHECK(pthread_create(&receiver, 0, blocked_receive, 0) == 0, "pthread_create");
    CHECK(pthread_create(&acceptor, 0, blocked_accept, &listener) == 0, "pthread_create");

    CHECK(send(halves[0], "left", 4, 0) == 4 && shutdown(halves[0], SHUT_WR) == 0, "shutdown");
    char block[1000] = {0};
    while (send(full[0], block, sizeof block, MSG_DONTWAIT) > 0) {
    }
    CHECK(errno == EAGAIN, "a full socket");
    struct linger linger = {1, 17}, now;
    struct timeval limit = {0, 50000};
    int on = 1, idle = 77, value;
    CHECK(setsockopt(tuned, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0, "SO_LINGER");
    CHECK(setsockopt(tuned, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
    CHECK(setsockopt(tuned, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) == 0, "TCP_KEEPIDLE");
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "SO_RCVTIMEO");
    struct sockaddr_in mine, peer;
    socklen_t length = sizeof mine;
    CHECK(getsockname(ends[0], (struct sockaddr *) &mine, &length) == 0, "getsockname");
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = ends[1]};
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, ends[1], &event) == 0 && epoll_wait(poller, &event, 1, 1000) == 1, "epoll");
    CHECK(event.events == EPOLLOUT, "events %x", event.events);

    while (!shared->stop) {
        struct pollfd states[] = {{halves[1], POLLIN | POLLOUT | POLLRDHUP, 0}, {full[0], POLLIN | POLLOUT, 0}, {quiet[0], POLLIN, 0}};
        CHECK(poll(states, 3, 1000) == 1, "poll");
        CHECK(states[0].revents == (POLLIN | POLLOUT | POLLRDHUP), "a half that is shut shows %x", states[0].revents);
        char left[8];
        CHECK(recv(halves[1], left, sizeof left, MSG_PEEK) == 4 && memcmp(left, "left", 4) == 0, "what is left");
        CHECK(send(full[0], block, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, "a socket that was full");
        length = sizeof now;
        CHECK(getsockopt(tuned, SOL_SOCKET, SO_LINGER, &now, &length) == 0 && now.l_onoff && now.l_linger == 17, "SO_LINGER");
        length = sizeof value;
        CHECK(getsockopt(tuned, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length) == 0 && value == 77, "TCP_KEEPIDLE");
        CHECK(recv(ends[0], left, 1, 0) < 0 && errno == EAGAIN, "a receive with a time limit");
        length = sizeof peer;
        CHECK(getpeername(ends[1], (struct sockaddr *) &peer, &length) == 0, "getpeername");
        CHECK(peer.sin_port == mine.sin_port, "the peer's port");
        int taken = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(bind(taken, (struct sockaddr *) &port, sizeof port) < 0 && errno == EADDRINUSE, "a port that is taken");
        close(taken);
        CHECK(send(ends[0], "k", 1, 0) == 1, "send");
        CHECK(epoll_wait(poller, &event, 1, 1000) == 1 && (event.events & EPOLLIN), "epoll says nothing of a byte");
        CHECK(recv(ends[1], left, sizeof left, 0) == 1, "recv");
        round_done();
    }
    CHECK(send(quiet[1], "x", 1, 0) == 1, "send");
    int last = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(last, (struct sockaddr *) &port, sizeof port) == 0, "connect");
    pthread_join(receiver, 0);
    pthread_join(acceptor, 0);
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    begin();
    work(unix_stream, folder);
    work(tcp_stream, folder);
    work(unix_records, folder);
    work(unix_datagrams, folder);
    work(udp, folder);
    work(descriptors, folder);
    work(unix_connections, folder);
    work(path_connections, folder);
    work(tcp_connections, folder);
    work(lasting, folder);
    return end();
}
