// SPDX-License-Identifier: Apache-2.0
// Calls that move much and have to wait in the midst of it come back with all of it, and show nothing of themselves before.
// write(2), sendfile(2), splice(2), sendmmsg(2), recv(2), process_vm_readv(2).
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { MUCH = 1 << 20, PIECE = 5000, MESSAGES = 8, MESSAGE = 100000 };

static unsigned char sent[MUCH], got[MUCH];

// Takes all of what is sent, a piece at a time, and looks at what must not move meanwhile.
struct taker {
    pthread_t thread;
    int fd;
    size_t wanted;
    volatile off_t *still;
    off_t before;
};

static void *take(void *argument) {
    struct taker *t = argument;
    for (size_t done = 0; done < t->wanted;) {
        size_t left = t->wanted - done;
        if (t->still && left > MUCH / 2) CHECK(*t->still == t->before); // its sender waits for room still
        ssize_t n = read(t->fd, got + done, left < PIECE ? left : PIECE);
        CHECK(n > 0);
        done += n;
        if (done / PIECE % 16 == 0) usleep(500); // the sender has to wait again and again
    }
    return 0;
}

static void start(struct taker *t, int fd, size_t wanted, volatile off_t *still) {
    memset(got, 0, wanted);
    *t = (struct taker) {.fd = fd, .wanted = wanted, .still = still, .before = still ? *still : 0};
    CHECK(pthread_create(&t->thread, 0, take, t) == 0);
}

static void finish(struct taker *t) {
    CHECK(pthread_join(t->thread, 0) == 0);
    CHECK(memcmp(sent, got, t->wanted) == 0);
}

// The other way: a thread gives all, a piece at a time.
struct giver {
    pthread_t thread;
    int fd;
};

static void *give(void *argument) {
    struct giver *g = argument;
    for (size_t done = 0; done < MUCH;) {
        size_t left = MUCH - done;
        ssize_t n = write(g->fd, sent + done, left < PIECE ? left : PIECE);
        CHECK(n > 0);
        done += n;
        if (done / PIECE % 16 == 0) usleep(500);
    }
    return 0;
}

static int file_with(const void *bytes, size_t length) {
    char name[] = "/tmp/jvisor-whole-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0);
    CHECK(pwrite(fd, bytes, length, 0) == (ssize_t)length);
    return fd;
}

static void check_file(int fd) {
    memset(got, 0, MUCH);
    CHECK(pread(fd, got, MUCH, 0) == MUCH && memcmp(sent, got, MUCH) == 0);
}

static void written(void) {
    int ends[2];
    struct taker t;
    for (int sockets = 0; sockets < 2; sockets++) {
        CHECK((sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends)) == 0);
        start(&t, ends[0], MUCH, 0);
        CHECK(write(ends[1], sent, MUCH) == MUCH);
        finish(&t);

        start(&t, ends[0], MUCH, 0);
        struct iovec parts[] = {{sent, 3}, {sent + 3, 100000}, {sent + 100003, MUCH - 100003}};
        CHECK(writev(ends[1], parts, 3) == MUCH);
        finish(&t);
        close(ends[0]);
        close(ends[1]);
    }
}

static void sent_from_a_file(void) {
    int ends[2];
    struct taker t;
    int file = file_with(sent, MUCH);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    volatile off_t offset = 0;
    start(&t, ends[0], MUCH, &offset);
    CHECK(sendfile(ends[1], file, (off_t *)&offset, MUCH) == MUCH);
    finish(&t);
    CHECK(offset == MUCH && lseek(file, 0, SEEK_CUR) == 0);

    start(&t, ends[0], MUCH, 0);
    CHECK(sendfile(ends[1], file, 0, MUCH + 5) == MUCH);
    finish(&t);
    CHECK(lseek(file, 0, SEEK_CUR) == MUCH);

    int zeros = open("/dev/zero", O_RDONLY);
    off_t from = 0;
    memcpy(got, sent, MUCH);
    unsigned char *kept = malloc(MUCH);
    memcpy(kept, sent, MUCH);
    memset(sent, 0, MUCH);
    start(&t, ends[0], MUCH, 0);
    ssize_t n = sendfile(ends[1], zeros, &from, MUCH);
    if (n < 0) { // older kernels
        CHECK(errno == EINVAL && write(ends[1], sent, MUCH) == MUCH);
    } else {
        CHECK(n == MUCH);
    }
    finish(&t);
    memcpy(sent, kept, MUCH);
    free(kept);

    int copy = file_with("", 0);
    loff_t in = 0, out = 0;
    CHECK(copy_file_range(file, &in, copy, &out, MUCH, 0) == MUCH && in == MUCH && out == MUCH);
    check_file(copy);
    close(zeros);
    close(copy);
    close(file);
    close(ends[0]);
    close(ends[1]);
}

static void spliced(void) {
    int ends[2], more[2], sockets[2];
    struct giver g;
    struct taker t;
    CHECK(pipe(ends) == 0 && pipe(more) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    // A pipe's bytes into a file, and those of a socket into a pipe, by as many calls as it takes.
    int file = file_with("", 0);
    g.fd = ends[1];
    CHECK(pthread_create(&g.thread, 0, give, &g) == 0);
    loff_t at = 0;
    while (at < MUCH) {
        loff_t before = at;
        ssize_t n = splice(ends[0], 0, file, &at, MUCH - at, 0);
        CHECK(n > 0 && at == before + n);
    }
    CHECK(pthread_join(g.thread, 0) == 0);
    check_file(file);

    g.fd = sockets[1];
    CHECK(pthread_create(&g.thread, 0, give, &g) == 0);
    start(&t, more[0], MUCH, 0);
    for (size_t done = 0; done < MUCH;) {
        ssize_t n = splice(sockets[0], 0, more[1], 0, MUCH - done, 0);
        CHECK(n > 0);
        done += n;
    }
    CHECK(pthread_join(g.thread, 0) == 0);
    finish(&t);

    start(&t, more[0], MUCH, 0);
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    for (size_t done = 0; done < MUCH;) {
        ssize_t n = splice(file, 0, more[1], 0, MUCH - done, 0);
        CHECK(n > 0);
        done += n;
    }
    finish(&t);
    close(file);
    close(ends[0]);
    close(ends[1]);
    close(more[0]);
    close(more[1]);
    close(sockets[0]);
    close(sockets[1]);
}

// Bytes and a descriptor: all bytes in one call, the descriptor once.
static void *take_message(void *argument) {
    int fd = *(int *)argument, descriptors = 0;
    for (size_t done = 0; done < MUCH;) {
        size_t left = MUCH - done;
        struct iovec part = {got + done, left < PIECE ? left : PIECE};
        char control[CMSG_SPACE(4 * sizeof(int))];
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(fd, &header, 0);
        CHECK(n > 0);
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
            CHECK(c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)) && done == 0);
            close(*(int *)CMSG_DATA(c));
            descriptors++;
        }
        done += n;
        if (done / PIECE % 16 == 0) usleep(500);
    }
    CHECK(descriptors == 1);
    return 0;
}

static void sent_with_a_descriptor(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    memset(got, 0, MUCH);
    pthread_t taker;
    CHECK(pthread_create(&taker, 0, take_message, &ends[0]) == 0);
    struct iovec all = {sent, MUCH};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr header = {.msg_iov = &all, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &ends[1], sizeof(int));
    CHECK(sendmsg(ends[1], &header, 0) == MUCH);
    CHECK(pthread_join(taker, 0) == 0 && memcmp(sent, got, MUCH) == 0);
    close(ends[0]);
    close(ends[1]);
}

static void sent_as_messages(void) {
    int ends[2];
    struct taker t;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct iovec parts[MESSAGES];
    struct mmsghdr headers[MESSAGES] = {0};
    for (int i = 0; i < MESSAGES; i++) {
        parts[i] = (struct iovec) {sent + i * MESSAGE, MESSAGE};
        headers[i].msg_hdr = (struct msghdr) {.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    start(&t, ends[0], MESSAGES * MESSAGE, 0);
    CHECK(sendmmsg(ends[1], headers, MESSAGES, 0) == MESSAGES);
    finish(&t);
    for (int i = 0; i < MESSAGES; i++) CHECK(headers[i].msg_len == MESSAGE);
    close(ends[0]);
    close(ends[1]);
}

static void *give_datagrams(void *argument) {
    for (int i = 0; i < MESSAGES; i++) {
        usleep(3000);
        CHECK(send(*(int *)argument, sent + i * 100, 100, 0) == 100);
    }
    return 0;
}

static void received(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct giver g = {.fd = ends[1]};
    CHECK(pthread_create(&g.thread, 0, give, &g) == 0);
    memset(got, 0, MUCH);
    CHECK(recv(ends[0], got, MUCH, MSG_WAITALL) == MUCH);
    CHECK(pthread_join(g.thread, 0) == 0 && memcmp(sent, got, MUCH) == 0);
    close(ends[0]);
    close(ends[1]);

    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    CHECK(pthread_create(&g.thread, 0, give_datagrams, &ends[1]) == 0);
    struct iovec parts[MESSAGES];
    struct mmsghdr headers[MESSAGES] = {0};
    for (int i = 0; i < MESSAGES; i++) {
        parts[i] = (struct iovec) {got + i * 100, 200};
        headers[i].msg_hdr = (struct msghdr) {.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    CHECK(recvmmsg(ends[0], headers, MESSAGES, 0, 0) == MESSAGES);
    CHECK(pthread_join(g.thread, 0) == 0 && memcmp(sent, got, MESSAGES * 100) == 0);
    for (int i = 0; i < MESSAGES; i++) CHECK(headers[i].msg_len == 100);
    close(ends[0]);
    close(ends[1]);
}

static void copied(void) {
    int zeros = open("/dev/zero", O_RDONLY), random = open("/dev/urandom", O_RDONLY);
    memset(got, 7, MUCH);
    CHECK(read(zeros, got, MUCH) == MUCH);
    for (int i = 0; i < MUCH; i++) CHECK(got[i] == 0);
    CHECK(read(random, got, MUCH) == MUCH);
    for (int i = 0; i < MUCH; i += 256) { // no stretch of it was left out
        int any = 0;
        for (int k = 0; k < 256; k++) any |= got[i + k];
        CHECK(any);
    }
    memset(got, 0, MUCH);
    CHECK(getrandom(got, MUCH, 0) == MUCH);
    for (int i = 0; i < MUCH; i += 256) {
        int any = 0;
        for (int k = 0; k < 256; k++) any |= got[i + k];
        CHECK(any);
    }
    memset(got, 0, MUCH);
    struct iovec here = {got, MUCH}, there[] = {{sent, 100}, {sent + 100, MUCH - 100}};
    CHECK(process_vm_readv(getpid(), &here, 1, there, 2, 0) == MUCH && memcmp(sent, got, MUCH) == 0);
    memset(got, 0, MUCH);
    there[0] = (struct iovec) {got, 100};
    there[1] = (struct iovec) {got + 100, MUCH - 100};
    here.iov_base = sent;
    CHECK(process_vm_writev(getpid(), &here, 1, there, 2, 0) == MUCH && memcmp(sent, got, MUCH) == 0);
    int memory = open("/proc/self/mem", O_RDWR);
    memset(got, 0, MUCH);
    CHECK(pread(memory, got, MUCH, (off_t)(intptr_t)sent) == MUCH && memcmp(sent, got, MUCH) == 0);
    memset(got, 0, MUCH);
    CHECK(pwrite(memory, sent, MUCH, (off_t)(intptr_t)got) == MUCH && memcmp(sent, got, MUCH) == 0);
    close(memory);
    close(zeros);
    close(random);
}

static void caught(int signal) {}

// What is moved when a handler runs is the result, with SA_RESTART or without: it is not nothing, and not made again.
static void ended_by_a_handler(void) {
    for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
        struct sigaction action = {.sa_handler = caught, .sa_flags = flags};
        CHECK(sigaction(SIGALRM, &action, 0) == 0);
        int ends[2];
        CHECK(pipe(ends) == 0);
        ualarm(20000, 0);
        ssize_t n = write(ends[1], sent, MUCH);
        CHECK(n > 0 && n < MUCH);
        CHECK(close(ends[1]) == 0);
        ssize_t have = 0, some;
        while ((some = read(ends[0], got + have, MUCH - have)) > 0) have += some;
        CHECK(some == 0 && have == n && memcmp(sent, got, n) == 0);
        close(ends[0]);
    }
    alarm(PATIENCE / 1000);
}

int main(void) {
    alarm(PATIENCE / 1000);
    for (int i = 0; i < MUCH; i++) sent[i] = (unsigned char)(i * 2654435761u >> 13);
    written();
    sent_from_a_file();
    spliced();
    sent_with_a_descriptor();
    sent_as_messages();
    received();
    copied();
    ended_by_a_handler();
    return 0;
}
