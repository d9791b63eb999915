// SPDX-License-Identifier: Apache-2.0
// Calls that move a megabyte and block many times meanwhile, and calls that wait long for something: until SIGUSR1 each has to move
// all that it was asked to move, and none may end by EINTR. Says "ok" and how often each worker came round; each has done so twice
// at least.
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define PIECE 8192
#define PARTS 16
#define LEAST_ROUNDS 2

static int go_on(void) {
    return !shared->stop || shared->rounds[worker] < LEAST_ROUNDS;
}

// The same in each megabyte: sendfile and vmsplice hand pages on, which are not to change before they are read.
static void verify_stream(const unsigned char *bytes, long length, long from) {
    for (long done = 0; done < length;) {
        long start = (from + done) % BIG;
        long part = length - done < BIG - start ? length - done : BIG - start;
        verify(bytes + done, part, start, 0, "stream");
        done += part;
    }
}

static void start(void *(*work)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, work, argument) == 0, "pthread_create");
    pthread_detach(thread);
}

// ---- a call moves a megabyte to an end that takes it in small pieces

static int reading_end, writing_end;

static void *take_slowly(void *done) {
    unsigned char bytes[PIECE];
    long got = 0;
    for (;;) {
        ssize_t n = read(reading_end, bytes, PIECE);
        CHECK(n >= 0, "read");
        if (n == 0) {
            break;
        }
        verify_stream(bytes, n, got);
        got += n;
        usleep(1000);
    }
    CHECK(got % BIG == 0, "the stream ended after %ld bytes", got);
    *(volatile int *) done = 1;
    return 0;
}

static void give_at_once(ssize_t (*move)(unsigned char *)) {
    static volatile int done;
    unsigned char *bytes = malloc(BIG);
    pthread_t reader;
    CHECK(pthread_create(&reader, 0, take_slowly, (void *) &done) == 0, "pthread_create");
    fill(bytes, BIG, 0, 0);
    while (go_on()) {
        ssize_t n = move(bytes);
        CHECK(n == BIG, "%zd bytes of %d", n, BIG);
        round_done();
    }
    close(writing_end);
    pthread_join(reader, 0);
    CHECK(done, "the reader ended early");
}

static ssize_t by_write(unsigned char *bytes) {
    return write(writing_end, bytes, BIG);
}

static void parts_of(struct iovec *parts, unsigned char *bytes) {
    for (int i = 0; i < PARTS; i++) {
        parts[i].iov_base = bytes + i * (BIG / PARTS);
        parts[i].iov_len = BIG / PARTS;
    }
}

static ssize_t by_writev(unsigned char *bytes) {
    struct iovec parts[PARTS];
    parts_of(parts, bytes);
    return writev(writing_end, parts, PARTS);
}

static ssize_t by_send(unsigned char *bytes) {
    return send(writing_end, bytes, BIG, MSG_NOSIGNAL);
}

static ssize_t by_sendmsg(unsigned char *bytes) {
    struct iovec parts[PARTS];
    parts_of(parts, bytes);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = PARTS};
    return sendmsg(writing_end, &message, MSG_NOSIGNAL);
}

// To a pipe, sendfile(2) may be short: Linux does as splice(2) then.
static ssize_t by_sendfile(unsigned char *bytes) {
    static int file = -1;
    struct stat out;
    CHECK(fstat(writing_end, &out) == 0, "fstat");
    if (file < 0) {
        CHECK((file = memfd_create("big", 0)) >= 0, "memfd_create");
        CHECK(pwrite(file, bytes, BIG, 0) == BIG, "pwrite");
    }
    off_t from = 0;
    ssize_t n;
    do {
        n = sendfile(writing_end, file, &from, BIG - from);
    } while (n > 0 && from < BIG && S_ISFIFO(out.st_mode));
    return n < 0 ? n : from;
}

// vmsplice(2) may be short, too.
static ssize_t by_vmsplice(unsigned char *bytes) {
    ssize_t moved = 0;
    while (moved < BIG) {
        struct iovec left = {bytes + moved, BIG - moved};
        ssize_t n = vmsplice(writing_end, &left, 1, 0);
        if (n <= 0) {
            return n;
        }
        moved += n;
    }
    return moved;
}

// ---- a call waits for a megabyte that comes in small pieces

static void *give_slowly(void *unused) {
    (void) unused;
    unsigned char bytes[PIECE];
    for (long sent = 0;; sent += PIECE) {
        if (sent % BIG == 0 && !go_on()) {
            break;
        }
        fill(bytes, PIECE, sent % BIG, 0);
        CHECK(write(writing_end, bytes, PIECE) == PIECE, "write");
        usleep(1000);
    }
    close(writing_end);
    return 0;
}

static void take_at_once(ssize_t (*move)(unsigned char *)) {
    unsigned char *bytes = malloc(BIG);
    start(give_slowly, 0);
    for (long got = 0;; got += BIG) {
        ssize_t n = move(bytes);
        if (n == 0) {
            break;
        }
        CHECK(n == BIG, "%zd bytes of %d", n, BIG);
        verify(bytes, BIG, 0, 0, "stream");
        round_done();
    }
}

static ssize_t by_recv(unsigned char *bytes) {
    return recv(reading_end, bytes, BIG, MSG_WAITALL);
}

static ssize_t by_recvmsg(unsigned char *bytes) {
    struct iovec parts[PARTS];
    parts_of(parts, bytes);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = PARTS};
    return recvmsg(reading_end, &message, MSG_WAITALL);
}

// ---- calls that may move less, but not nothing

static int between[2];

static void *splice_on(void *unused) {
    (void) unused;
    for (;;) {
        ssize_t n = splice(reading_end, 0, between[1], 0, BIG, 0);
        CHECK(n >= 0, "splice gave %zd", n);
        if (n == 0) {
            close(between[1]);
            return 0;
        }
    }
}

static void spliced(void) {
    CHECK(pipe(between) == 0, "pipe");
    start(give_slowly, 0);
    start(splice_on, 0);
    unsigned char *bytes = malloc(BIG);
    long got = 0;
    for (;;) {
        struct iovec parts[PARTS];
        parts_of(parts, bytes);
        ssize_t n = readv(between[0], parts, PARTS);
        CHECK(n >= 0, "readv gave %zd", n);
        if (n == 0) {
            break;
        }
        verify_stream(bytes, n, got);
        got += n;
        shared->rounds[worker] = got / BIG;
    }
    CHECK(got % BIG == 0, "the stream ended after %ld bytes", got);
}

// ---- waits: something comes every 700 ms, and the call has no other reason to end

static void *wake_slowly(void *unused) {
    (void) unused;
    while (go_on()) {
        usleep(700000);
        CHECK(write(writing_end, "x", 1) == 1, "write");
    }
    close(writing_end);
    return 0;
}

static void wait_for_bytes(void (*wait)(void)) {
    start(wake_slowly, 0);
    char byte;
    for (;;) {
        wait();
        ssize_t n = read(reading_end, &byte, 1);
        CHECK(n >= 0, "read gave %zd", n);
        if (n == 0) {
            break;
        }
        round_done();
    }
}

static void by_read(void) {
}

static void by_poll(void) {
    struct pollfd wanted = {reading_end, POLLIN, 0};
    int n = poll(&wanted, 1, -1);
    CHECK(n == 1, "poll gave %d", n);
}

static void by_select(void) {
    fd_set wanted;
    FD_ZERO(&wanted);
    FD_SET(reading_end, &wanted);
    int n = select(reading_end + 1, &wanted, 0, 0, 0);
    CHECK(n == 1, "select gave %d", n);
}

static void by_epoll(void) {
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    CHECK(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, reading_end, &event) == 0, "epoll_ctl");
    int n = epoll_wait(epoll, &event, 1, -1);
    CHECK(n == 1, "epoll_wait gave %d", n);
    close(epoll);
}

// Two files of one process lock in turn what only one can have.
static void *lock_slowly(void *file) {
    int other = *(int *) file;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (go_on()) {
        CHECK(fcntl(other, F_OFD_SETLKW, &lock) == 0, "the other's lock");
        usleep(700000);
        lock.l_type = F_UNLCK;
        CHECK(fcntl(other, F_OFD_SETLK, &lock) == 0, "the other's unlock");
        lock.l_type = F_WRLCK;
        usleep(1000);
    }
    return 0;
}

static void locks(void) {
    int file = memfd_create("locked", 0);
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    int other = open(name, O_RDWR);
    CHECK(file >= 0 && other >= 0, "open of the file to lock");
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, lock_slowly, &other) == 0, "pthread_create");
    while (go_on()) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        CHECK(fcntl(file, F_OFD_SETLKW, &lock) == 0, "lock");
        lock.l_type = F_UNLCK;
        CHECK(fcntl(file, F_OFD_SETLK, &lock) == 0, "unlock");
        round_done();
        usleep(1000);
    }
    pthread_join(thread, 0);
}

static int listener;

static void *connect_slowly(void *unused) {
    (void) unused;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    CHECK(getsockname(listener, (struct sockaddr *) &address, &length) == 0, "getsockname");
    for (int last = 0; !last;) {
        last = !go_on();
        usleep(700000);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr *) &address, length) == 0, "connect");
        CHECK(send(fd, last ? "e" : "x", 1, 0) == 1, "send");
        close(fd);
    }
    return 0;
}

static void accepts(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK((listener = socket(AF_INET, SOCK_STREAM, 0)) >= 0, "socket");
    CHECK(bind(listener, (struct sockaddr *) &address, sizeof address) == 0 && listen(listener, 5) == 0, "listen");
    start(connect_slowly, 0);
    for (char byte = 0; byte != 'e';) {
        int fd = accept(listener, 0, 0);
        CHECK(fd >= 0, "accept gave %d", fd);
        CHECK(recv(fd, &byte, 1, 0) == 1, "recv");
        close(fd);
        round_done();
    }
}

// ---- what the ends are

static void make_pipe(void) {
    int ends[2];
    CHECK(pipe(ends) == 0, "pipe");
    reading_end = ends[0];
    writing_end = ends[1];
}

static void make_unix(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    reading_end = ends[0];
    writing_end = ends[1];
}

static void make_tcp(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    writing_end = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listening >= 0 && writing_end >= 0, "socket");
    CHECK(bind(listening, (struct sockaddr *) &address, sizeof address) == 0, "bind");
    CHECK(listen(listening, 5) == 0 && getsockname(listening, (struct sockaddr *) &address, &length) == 0, "listen");
    CHECK(connect(writing_end, (struct sockaddr *) &address, length) == 0, "connect");
    CHECK((reading_end = accept(listening, 0, 0)) >= 0, "accept");
    close(listening);
}

static const struct {
    const char *name;
    void (*make)(void);
    ssize_t (*give)(unsigned char *);
    ssize_t (*take)(unsigned char *);
    void (*wait)(void);
    void (*work)(void);
} KINDS[] = {
    {.name = "write to a pipe", .make = make_pipe, .give = by_write},
    {.name = "writev to a pipe", .make = make_pipe, .give = by_writev},
    {.name = "sendfile to a pipe", .make = make_pipe, .give = by_sendfile},
    {.name = "vmsplice to a pipe", .make = make_pipe, .give = by_vmsplice},
    {.name = "write to a Unix socket", .make = make_unix, .give = by_write},
    {.name = "send to a Unix socket", .make = make_unix, .give = by_send},
    {.name = "sendmsg to a TCP socket", .make = make_tcp, .give = by_sendmsg},
    {.name = "sendfile to a TCP socket", .make = make_tcp, .give = by_sendfile},
    {.name = "recv from a Unix socket", .make = make_unix, .take = by_recv},
    {.name = "recvmsg from a Unix socket", .make = make_unix, .take = by_recvmsg},
    {.name = "recv from a TCP socket", .make = make_tcp, .take = by_recv},
    {.name = "recvmsg from a TCP socket", .make = make_tcp, .take = by_recvmsg},
    {.name = "splice and readv", .make = make_pipe, .work = spliced},
    {.name = "read", .make = make_pipe, .wait = by_read},
    {.name = "poll", .make = make_tcp, .wait = by_poll},
    {.name = "select", .make = make_pipe, .wait = by_select},
    {.name = "epoll_wait", .make = make_unix, .wait = by_epoll},
    {.name = "locks", .make = make_pipe, .work = locks},
    {.name = "accept", .make = make_pipe, .work = accepts},
};

static void run(const char *unused) {
    (void) unused;
    KINDS[worker].make();
    if (KINDS[worker].give) {
        give_at_once(KINDS[worker].give);
    } else if (KINDS[worker].take) {
        take_at_once(KINDS[worker].take);
    } else if (KINDS[worker].wait) {
        wait_for_bytes(KINDS[worker].wait);
    } else {
        KINDS[worker].work();
    }
}

int main(void) {
    begin();
    for (unsigned i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        work(run, KINDS[i].name);
    }
    return end();
}
