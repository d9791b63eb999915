// SPDX-License-Identifier: Apache-2.0
// Makes objects of one kind of the catalogue of what programs can use up until it is refused, and tells the errno. What it has then it keeps
// until it is killed.
#include "../c/check.h"
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#define MOST 100000
#define PAGE 4096L

static char path[100];

static const char *named(const char *format, long i) {
    snprintf(path, sizeof path, format, i);
    return path;
}

static int sleeper(void) {
    pid_t child = fork();
    while (child == 0) pause();
    return child;
}

static void *sleep_on(void *none) {
    for (;;) pause();
    return none;
}

// glibc's own memory for it is not the point.
static long thread(long i) {
    static char stacks[200][4096] __attribute__((aligned(16)));
    CHECK(i < 200);
    return clone((int (*)(void *))sleep_on, stacks[i + 1], CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 0);
}

static long wait_entries(long i) {
    struct pollfd *fds = calloc(50 * (i + 1), sizeof *fds);
    int ends[2];
    if (i == 0) CHECK(pipe(ends) == 0 && ends[0] == 3);
    for (int k = 0; k < 50 * (i + 1); k++) fds[k] = (struct pollfd){3, POLLIN, 0};
    return poll(fds, 50 * (i + 1), 1);
}

static long exec_bytes(long i) {
    static char big[50000];
    memset(big, 'x', sizeof big - 1);
    char *arguments[] = {"/charges", big, big, big, 0};
    return execv("/charges", arguments);
}

static long queued_signal(long i) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, 0);
    return sigqueue(getpid(), SIGRTMIN, (union sigval){0});
}

static long timer(long i) {
    timer_t id;
    return timer_create(CLOCK_MONOTONIC, 0, &id);
}

// By a process each, which keeps it.
static long in_child(int (*make)(void)) {
    int ends[2], error = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        error = make() ? errno : 0;
        if (write(ends[1], &error, sizeof error) == sizeof error) for (;;) pause();
    }
    CHECK(child > 0 && read(ends[0], &error, sizeof error) == sizeof error);
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return error ? -1 : 0;
}

static int new_ipc(void) {
    return unshare(CLONE_NEWIPC);
}

static long namespaces(long i) {
    return in_child(new_ipc);
}

// 32 are a thread's own.
static int ten_groups(void) {
    static gid_t all[32 + 10];
    return setgroups(32 + 10, all);
}

static long groups(long i) {
    return in_child(ten_groups);
}

static long ipc(long i) {
    return shmget(IPC_PRIVATE, PAGE, 0600);
}

static long page(long i) {
    static char block[PAGE] = "x";
    static int file = -1;
    if (file < 0) CHECK((file = open("/tmp/pages", O_CREAT | O_RDWR, 0600)) >= 0);
    return write(file, block, PAGE);
}

static long mapping(long i) {
    static char *all;
    if (all == 0) CHECK((all = mmap(0, 2 * MOST * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) != MAP_FAILED);
    return mprotect(all + (2 * i + 1) * PAGE, PAGE, PROT_READ);
}

// Of the parent's tables the child has as many.
static long tables(long i) {
    if (i == 0) {
        char *all = mmap(0, 16 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(all != MAP_FAILED);
        for (int k = 0; k < 16; k++) all[(long)k << 21] = 1;
    }
    return sleeper();
}

static long page_index(long i) {
    static int file = -1;
    if (file < 0) file = memfd_create("sparse", 0);
    return pwrite(file, "x", 1, i << 21);
}

static long descriptors(long i) {
    if (i == 0) CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100000, 100000}) == 0);
    return dup2(1, 64 * (i + 1));
}

static long epoll_item(long i) {
    static int epoll = -1;
    if (epoll < 0) epoll = epoll_create1(0);
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct epoll_event event = {EPOLLIN};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
}

static long file_lock(long i) {
    static int file = -1;
    if (file < 0) file = open("/tmp/locked", O_CREAT | O_RDWR, 0600);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2 * i, .l_len = 1};
    return fcntl(file, F_SETLK, &lock);
}

static long inode(long i) {
    int file = open(named("/tmp/inode%ld", i), O_CREAT | O_RDWR, 0600);
    if (file >= 0) close(file);
    return file;
}

static long inode_bytes(long i) {
    static char value[1000];
    if (i == 0) CHECK(mkdir("/tmp/attributes", 0700) == 0);
    return setxattr("/tmp/attributes", named("user.a%ld", i), value, sizeof value, 0);
}

static long name(long i) {
    if (i == 0) for (int k = 0; k < 150; k++) CHECK(symlink("x", named("/tmp/name%ld", k)) == 0);
    return open(named("/tmp/name%ld", i), O_PATH | O_NOFOLLOW);
}

static long other_inode(long i) {
    if (i == 0) for (int k = 10; k < 300; k++) CHECK(dup2(1, k) == k);
    return open(named("/proc/self/fdinfo/%ld", i + 10), O_RDONLY);
}

static long listing(long i) {
    char byte;
    int file = open("/proc/self/maps", O_RDONLY);
    CHECK(file >= 0);
    return read(file, &byte, 1);
}

static long mount_one(long i) {
    if (i == 0) CHECK(mkdir("/tmp/target", 0700) == 0);
    return mount("/tmp", "/tmp/target", 0, MS_BIND, 0);
}

static long pty(long i) {
    return open("/dev/pts/ptmx", O_RDWR);
}

static long socket_one(long i) {
    return socket(AF_INET, SOCK_DGRAM, 0);
}

static long fill(int type, size_t size) {
    static char block[1 << 16];
    int ends[2];
    CHECK(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0);
    long sent;
    do sent = send(ends[0], block, size, 0);
    while (sent > 0);
    return errno == EAGAIN ? 0 : -1;
}

static long socket_bytes(long i) {
    return fill(SOCK_STREAM, 1 << 16);
}

static long socket_messages(long i) {
    return fill(SOCK_SEQPACKET, 1);
}

static long in_flight(long i) {
    static int ends[2];
    if (i % 20 == 0) CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
    char byte = 0, control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(header), &(int){1}, sizeof(int));
    return sendmsg(ends[i / 10 % 2], &message, 0);
}

static long open_one(long i) {
    return open("/tmp", O_RDONLY);
}

static long process(long i) {
    return sleeper();
}

static const struct {
    const char *name;
    long (*make)(long);
} kinds[] = {
    {"TASK", thread}, {"PROCESS", process}, {"SUPPLEMENTARY_GROUP", groups},
    {"WAIT_ENTRY", wait_entries}, {"EXEC_BYTE", exec_bytes}, {"QUEUED_SIGNAL", queued_signal},
    {"POSIX_TIMER", timer}, {"NAMESPACE", namespaces}, {"IPC_OBJECT", ipc}, {"PAGE", page}, {"VMA", mapping}, {"ADDRESS_SPACE", process},
    {"PAGE_TABLE", tables}, {"PAGE_INDEX_BYTE", page_index}, {"OPEN_FILE", open_one}, {"DESCRIPTOR_CHUNK", descriptors},
    {"EPOLL_ITEM", epoll_item}, {"FILE_LOCK", file_lock}, {"INODE", inode}, {"INODE_BYTE", inode_bytes}, {"DENTRY", name},
    {"CACHED_INODE", other_inode}, {"LISTING_BYTE", listing}, {"MOUNT", mount_one}, {"PTY", pty}, {"SOCKET", socket_one},
    {"SOCKET_BYTE", socket_bytes}, {"SOCKET_MESSAGE", socket_messages}, {"IN_FLIGHT", in_flight},
};

int main(int count, char **arguments) {
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (strcmp(kinds[k].name, arguments[1]) != 0) continue;
        for (long i = 0; i < MOST; i++) {
            if (kinds[k].make(i) < 0) {
                dprintf(1, "%s\n", strerrorname_np(errno));
                for (;;) pause();
            }
        }
        dprintf(1, "no end\n");
        return 1;
    }
    dprintf(1, "no such kind\n");
    return 2;
}
