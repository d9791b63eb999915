// SPDX-License-Identifier: Apache-2.0
// Processes with threads pass descriptors and credentials to each other by sockets of all kinds, while others are forked, exit,
// are killed and reaped, and descriptors come and go. Nobody fails, and in the end no reference is left anywhere.
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { PAIRS = 6, WORKERS = 3, MOST = 3 };

static int pairs[PAIRS][2], token;
static struct timespec end;

static __thread unsigned random_state;

static unsigned below(unsigned limit) {
    random_state = random_state * 1103515245 + 12345;
    return (random_state >> 16) % limit;
}

static int is_over(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec > end.tv_nsec);
}

static int any_socket(void) { return pairs[below(PAIRS)][below(2)]; }

union control {
    char bytes[CMSG_SPACE(MOST * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
};

static void send_some(void) {
    union control control = {0};
    char bytes[200] = "bytes";
    struct iovec data = {bytes, 1 + below(sizeof bytes)};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int count = 1 + (int)below(MOST), made = -1;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) {
        int fd = token;
        if (below(3) == 0) fd = made = made >= 0 ? made : eventfd(0, EFD_CLOEXEC);
        CHECK(fd >= 0);
        memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    }
    size_t used = CMSG_SPACE((size_t)count * sizeof(int));
    if (below(2)) {
        struct ucred me = {getpid(), getuid(), getgid()};
        header = (struct cmsghdr *)(control.bytes + used);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_CREDENTIALS;
        header->cmsg_len = CMSG_LEN(sizeof me);
        memcpy(CMSG_DATA(header), &me, sizeof me);
        used += CMSG_SPACE(sizeof me);
    }
    message.msg_controllen = used;
    // Who has too many descriptors under way is told so (unix(7)).
    CHECK(sendmsg(any_socket(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 || errno == EAGAIN || errno == ETOOMANYREFS
            || errno == EMSGSIZE || errno == ENOBUFS);
    if (made >= 0) close(made);
}

static void receive_some(void) {
    union control control = {0};
    char bytes[200];
    struct iovec data = {bytes, below(sizeof bytes)};
    static const size_t rooms[] = {0, CMSG_LEN(sizeof(int)), CMSG_SPACE(MOST * sizeof(int)), sizeof control};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = rooms[below(4)]};
    int fd = any_socket();
    if (below(8) == 0) {
        CHECK(read(fd, bytes, sizeof bytes) >= 0 || errno == EAGAIN);
        return;
    }
    int flags = MSG_DONTWAIT | (below(4) ? 0 : MSG_PEEK) | (below(2) ? MSG_CMSG_CLOEXEC : 0);
    if (recvmsg(fd, &message, flags) < 0) {
        CHECK(errno == EAGAIN);
        return;
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        for (size_t i = 0; CMSG_LEN((i + 1) * sizeof fd) <= header->cmsg_len; i++) {
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            CHECK(fcntl(fd, F_GETFD) >= 0);
            CHECK(close(fd) == 0);
        }
    }
}

static void move_descriptors(void) {
    int fd = dup(token);
    CHECK(fd >= 0);
    int other = fcntl(token, F_DUPFD_CLOEXEC, 100 + (int)below(200));
    CHECK(other >= 0 && close(fd) == 0 && close(other) == 0);
}

static void one_thing(void) {
    switch (below(5)) {
    case 0: case 1: send_some(); break;
    case 2: case 3: receive_some(); break;
    default: move_descriptors();
    }
}

static void *pass_on(void *seed) {
    random_state = (unsigned)(size_t)seed;
    while (!is_over()) one_thing();
    return 0;
}

static void make_a_child(void) {
    unsigned how = below(4), seed = below(1 << 15);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        random_state = seed;
        if (how == 0) for (;;) one_thing();
        for (unsigned n = below(20); n > 0; n--) one_thing();
        if (how == 1 && fork() == 0) one_thing();
        if (how == 2) syscall(SYS_exit_group, 0);
        _exit(0);
    }
    int status;
    if (how == 0) {
        usleep(below(2000));
        CHECK(kill(child, SIGKILL) == 0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(how == 0 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : status == 0);
}

static void worker(unsigned seed) {
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], 0, pass_on, (void *)(seed * 10 + i)) == 0);
    random_state = seed;
    while (!is_over()) make_a_child();
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], 0) == 0);
    _exit(0);
}

static void pass(void) {
    int ends[2], on = 1, status;
    pid_t workers[WORKERS];
    CHECK(pipe(ends) == 0);
    token = ends[1];
    for (int i = 0; i < PAIRS; i++) {
        CHECK(socketpair(AF_UNIX, (i % 3 == 0 ? SOCK_STREAM : i % 3 == 1 ? SOCK_DGRAM : SOCK_SEQPACKET) | SOCK_NONBLOCK, 0,
                pairs[i]) == 0);
        if (i & 1) CHECK(setsockopt(pairs[i][0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) if ((workers[i] = fork()) == 0) worker(i + 1);
    for (int i = 0; i < WORKERS; i++) CHECK(waitpid(workers[i], &status, 0) == workers[i] && status == 0);
    for (int i = 0; i < PAIRS; i++) CHECK(close(pairs[i][0]) == 0 && close(pairs[i][1]) == 0);
    CHECK(close(token) == 0);
    // Whoever were left, or whatever message, would hold the pipe open.
    char byte;
    CHECK(read(ends[0], &byte, 1) == 0);
}

int main(int count, char **arguments) {
    // As process 1 it would be shielded from its alarm.
    int status, seconds = count > 1 ? atoi(arguments[1]) : 2;
    pid_t child = fork(), ended;
    if (child > 0) {
        while ((ended = wait(&status)) != child) CHECK(ended > 0);
        return status != 0;
    }
    alarm((unsigned)seconds + PATIENCE / 1000);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    pass();
    return 0;
}
