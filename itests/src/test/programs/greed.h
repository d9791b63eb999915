// SPDX-License-Identifier: Apache-2.0
// Ways to have the kernel keep much for little. Each makes so much, or as much as it may, and returns the errno that it is refused with.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

// One byte in the last page of each 512 of a sparse file.
static int sparse_file(long count) {
    int file = memfd_create("sparse", 0);
    CHECK(file >= 0 && ftruncate(file, 4L << 40) == 0);
    for (long i = 0; i < count; i++) {
        if (pwrite(file, "x", 1, (i * 512 + 511) * 4096) != 1) return errno;
    }
    return 0;
}

// Many mappings, and forks of them.
static int mappings(long count) {
    long size = 256L << 20, made = 0;
    int error = 0;
    pid_t children[count];
    char *all = mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(all != MAP_FAILED);
    for (long at = 0; at < size && mprotect(all + at, 4096, PROT_READ | PROT_WRITE) == 0; at += 8192) { }
    for (; made < count && error == 0; made++) {
        children[made] = fork();
        while (children[made] == 0) pause();
        if (children[made] < 0) error = errno;
    }
    if (error) made--;
    for (long i = 0; i < made; i++) CHECK(kill(children[i], SIGKILL) == 0 && waitpid(children[i], 0, 0) == children[i]);
    return error;
}

enum { POLLED = 1 << 20 };

static void *poll_many(void *fds) {
    return (void *)(long)(poll(fds, POLLED, 1000) < 0 ? errno : 0);
}

static int polls(long count) {
    struct rlimit many = {POLLED, POLLED};
    struct pollfd *fds = calloc(POLLED, sizeof *fds);
    pthread_t threads[count];
    long refused = 0;
    if (setrlimit(RLIMIT_NOFILE, &many) != 0) return errno;
    for (int i = 0; i < POLLED; i++) fds[i].fd = -1;
    for (long i = 0; i < count; i++) CHECK(pthread_create(&threads[i], 0, poll_many, fds) == 0);
    for (long i = 0; i < count; i++) {
        void *error;
        CHECK(pthread_join(threads[i], &error) == 0);
        if (error) refused = (long)error;
    }
    return (int)refused;
}

// Both ends of a pair in the queue of one of them.
static int in_flight(long count) {
    for (long i = 0; i < count; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
        char byte = 'x', control[CMSG_SPACE(sizeof ends)] = {0};
        struct iovec part = {&byte, 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof ends)};
        memcpy(CMSG_DATA(header), ends, sizeof ends);
        if (sendmsg(ends[1], &message, 0) != 1) return errno;
        close(ends[0]);
        close(ends[1]);
    }
    return 0;
}

static int socket_pairs(long count) {
    struct rlimit many = {POLLED, POLLED}; // no more than /proc/sys/fs/nr_open
    if (setrlimit(RLIMIT_NOFILE, &many) != 0) return errno;
    for (long i = 0; i < count; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
    }
    return 0;
}

// Processes that look at their own entry of /proc last of all.
static int own_entries(long count) {
    for (long i = 0; i < count; i++) {
        int status;
        pid_t child = fork();
        if (child < 0) return errno;
        if (child == 0) {
            char text[4096];
            int file = open("/proc/self/status", O_RDONLY);
            _exit(file < 0 || read(file, text, sizeof text) <= 0);
        }
        if (waitpid(child, &status, 0) != child || status != 0) return EINVAL;
    }
    return 0;
}

static int greed(const char *what, long count) {
    static const struct {
        const char *name;
        int (*make)(long);
    } ways[] = {{"sparse-file", sparse_file}, {"mappings", mappings}, {"polls", polls}, {"in-flight", in_flight},
                {"socket-pairs", socket_pairs}, {"own-entries", own_entries}};
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].name, what) == 0) return ways[i].make(count);
    }
    return EINVAL;
}
