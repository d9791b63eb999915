// SPDX-License-Identifier: Apache-2.0
// Uses everything that a kernel's bundles do the work for, in many processes and threads, until SIGUSR1: files that stay open,
// mapped pages, pipes, sockets, terminals, waits. Each result is checked: no call may fail or be short, and every byte must be
// what was written. Arguments: the folders to make files in, or -o and a folder to mount an overlay in and make files there; before
// them -n and how many microseconds to rest after each round, if not 1,000. Says "started", and at its end "ok" and how often each
// worker came round.
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>

// ---- files

struct files {
    const char *folder;
    int number;
};

static void *files_thread(void *argument) {
    struct files *files = argument;
    char name[300], other[300], folder[200];
    unsigned char *bytes = malloc(65536), *back = malloc(65536);
    snprintf(folder, sizeof folder, "%s/d%d-%d", files->folder, getpid(), files->number);
    CHECK(mkdir(folder, 0755) == 0, "mkdir %s", folder);
    snprintf(name, sizeof name, "%s/kept", folder);
    int kept = open(name, O_RDWR | O_CREAT | O_APPEND, 0644);
    CHECK(kept >= 0, "open %s", name);
    int map_fd;
    snprintf(name, sizeof name, "%s/mapped", folder);
    CHECK((map_fd = open(name, O_RDWR | O_CREAT, 0644)) >= 0, "open %s", name);
    CHECK(ftruncate(map_fd, 65536) == 0, "ftruncate");
    unsigned char *map = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    CHECK(map != MAP_FAILED, "mmap");
    long appended = 0;
    for (unsigned round = 0; !shared->stop; round++) {
        snprintf(name, sizeof name, "%s/f%u", folder, round % 3);
        snprintf(other, sizeof other, "%s/renamed", folder);
        int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        CHECK(fd >= 0, "open %s", name);
        fill(bytes, 65536, 0, round);
        CHECK(write(fd, bytes, 65536) == 65536, "write %s", name);
        struct stat st;
        CHECK(fstat(fd, &st) == 0 && st.st_size == 65536, "fstat %s", name);
        CHECK(rename(name, other) == 0, "rename %s", name);
        CHECK(pread(fd, back, 65536, 0) == 65536, "pread");
        verify(back, 65536, 0, round, "file");
        CHECK(unlink(other) == 0, "unlink");
        CHECK(lseek(fd, 100, SEEK_SET) == 100, "lseek");
        CHECK(read(fd, back, 1000) == 1000, "read of an unlinked file");
        verify(back, 1000, 100, round, "unlinked file");
        CHECK(close(fd) == 0, "close");
        CHECK(access(name, F_OK) < 0 && errno == ENOENT, "access");
        if (appended < BIG) {
            fill(bytes, 100, appended, 7);
            CHECK(write(kept, bytes, 100) == 100, "append");
            appended += 100;
        }
        fill(map + (round % 16) * 4096, 4096, 0, round);
        CHECK(pread(map_fd, back, 4096, (round % 16) * 4096) == 4096, "pread of what is mapped");
        verify(back, 4096, 0, round, "mapped file");
        round_done();
    }
    CHECK(fsync(kept) == 0, "fsync");
    for (long from = 0; from < appended; from += 50000) {
        long length = appended - from < 50000 ? appended - from : 50000;
        CHECK(pread(kept, back, length, from) == length, "pread of the kept file");
        verify(back, length, from, 7, "kept file");
    }
    return 0;
}

static void files(const char *folder) {
    pthread_t threads[2];
    struct files arguments[2] = {{folder, 0}, {folder, 1}};
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], 0, files_thread, &arguments[i]) == 0, "pthread_create");
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], 0);
    }
}

// ---- /proc, /sys and devices

static void special(const char *unused) {
    (void) unused;
    static char text[65536];
    unsigned char *zeros = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/dev/zero", O_RDWR), 0);
    CHECK(zeros != MAP_FAILED, "mmap of /dev/zero");
    int null = open("/dev/null", O_WRONLY), random = open("/dev/urandom", O_RDONLY), zero = open("/dev/zero", O_RDONLY);
    int memory = open("/proc/self/mem", O_RDONLY);
    CHECK(null >= 0 && random >= 0 && zero >= 0 && memory >= 0, "open of devices");
    zeros[5000] = 7;
    while (!shared->stop) {
        int fd = open("/proc/self/status", O_RDONLY);
        CHECK(fd >= 0, "open of /proc/self/status");
        CHECK(read(fd, text, 6) == 6 && memcmp(text, "Name:\t", 6) == 0, "read of /proc/self/status");
        CHECK(read(fd, text, 8) == 8 && memcmp(text, "handover", 8) == 0, "read on in /proc/self/status");
        CHECK(close(fd) == 0, "close");
        fd = open("/proc/sys/kernel/ostype", O_RDONLY);
        CHECK(fd >= 0 && read(fd, text, 100) == 6 && memcmp(text, "Linux\n", 6) == 0, "/proc/sys/kernel/ostype");
        close(fd);
        fd = open("/sys/devices/system/cpu/possible", O_RDONLY);
        CHECK(fd >= 0 && read(fd, text, 100) > 1 && text[0] == '0', "/sys/devices/system/cpu/possible");
        close(fd);
        CHECK(write(null, text, 4096) == 4096, "write to /dev/null");
        CHECK(read(random, text, sizeof text) == sizeof text, "read of /dev/urandom");
        CHECK(getrandom(text, sizeof text, 0) == sizeof text, "getrandom");
        CHECK(pread(memory, text, sizeof text, (off_t) text) == sizeof text, "pread of /proc/self/mem");
        CHECK(read(zero, text, sizeof text) == sizeof text && text[sizeof text - 1] == 0, "read of /dev/zero");
        CHECK(zeros[5000] == 7 && zeros[5001] == 0, "mapping of /dev/zero");
        round_done();
    }
}

// ---- streams: one end writes a megabyte a call, the other reads pieces

struct pump {
    int fd;
};

static void *pump_writer(void *argument) {
    int fd = ((struct pump *) argument)->fd;
    unsigned char *bytes = malloc(BIG);
    for (long sent = 0; !shared->stop; sent += BIG) {
        fill(bytes, BIG, sent, 3);
        ssize_t n = write(fd, bytes, BIG);
        CHECK(n == BIG, "write of %d bytes gave %zd", BIG, n);
    }
    close(fd);
    return 0;
}

static void pump(int in, int out) {
    struct pump writer = {out};
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, pump_writer, &writer) == 0, "pthread_create");
    unsigned char *bytes = malloc(50000);
    long got = 0;
    for (;;) {
        ssize_t n = read(in, bytes, 50000);
        CHECK(n >= 0, "read of a stream");
        if (n == 0) {
            break;
        }
        verify(bytes, n, got, 3, "stream");
        got += n;
        round_done();
    }
    CHECK(got % BIG == 0, "the stream ended after %ld bytes", got);
    pthread_join(thread, 0);
}

static void pipes(const char *unused) {
    (void) unused;
    int ends[2];
    CHECK(pipe(ends) == 0, "pipe");
    pump(ends[0], ends[1]);
}

static void unix_sockets(const char *unused) {
    (void) unused;
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    pump(ends[0], ends[1]);
}

static void tcp(const char *unused) {
    (void) unused;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener >= 0 && out >= 0, "socket");
    CHECK(bind(listener, (struct sockaddr *) &address, sizeof address) == 0, "bind");
    CHECK(listen(listener, 5) == 0 && getsockname(listener, (struct sockaddr *) &address, &length) == 0, "listen");
    CHECK(connect(out, (struct sockaddr *) &address, length) == 0, "connect");
    int in = accept(listener, 0, 0);
    CHECK(in >= 0, "accept");
    pump(in, out);
}

// ---- connections that come and go, with MSG_WAITALL

static void *server_thread(void *argument) {
    int listener = *(int *) argument;
    for (;;) {
        int fd = accept(listener, 0, 0);
        CHECK(fd >= 0, "accept");
        unsigned char bytes[5000];
        ssize_t n = recv(fd, bytes, sizeof bytes, MSG_WAITALL);
        CHECK(n == 0 || n == sizeof bytes, "MSG_WAITALL gave %zd", n);
        if (n == 0) {
            close(fd);
            return 0;
        }
        CHECK(send(fd, bytes, sizeof bytes, 0) == sizeof bytes, "send");
        close(fd);
    }
}

static void connections(const char *unused) {
    (void) unused;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "handover-%d", getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *) &address, sizeof address) == 0 && listen(listener, 5) == 0, "listen");
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, server_thread, &listener) == 0, "pthread_create");
    unsigned char bytes[5000], back[5000];
    for (unsigned round = 0;; round++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof address) == 0, "connect");
        if (shared->stop) {
            close(fd);
            break;
        }
        fill(bytes, sizeof bytes, 0, round);
        CHECK(send(fd, bytes, 2000, 0) == 2000, "send");
        usleep(200);
        CHECK(send(fd, bytes + 2000, 3000, 0) == 3000, "send of the rest");
        CHECK(recv(fd, back, sizeof back, MSG_WAITALL) == sizeof back, "recv");
        verify(back, sizeof back, 0, round, "connection");
        close(fd);
        round_done();
    }
    pthread_join(thread, 0);
}

// ---- datagrams, and descriptors on their way

// Sends back what comes, until an empty datagram.
static void *echo_thread(void *argument) {
    int fd = *(int *) argument;
    unsigned char bytes[2000];
    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from, &length);
        CHECK(n >= 0, "recvfrom");
        CHECK(sendto(fd, bytes, n, 0, (struct sockaddr *) &from, length) == n, "sendto");
        if (n == 0) {
            return 0;
        }
    }
}

static void send_pipe(int fd, unsigned round) {
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], &round, sizeof round) == sizeof round, "pipe");
    char control[CMSG_SPACE(sizeof ends[0])] = {0};
    struct iovec data = {&round, sizeof round};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof ends[0]);
    memcpy(CMSG_DATA(header), &ends[0], sizeof ends[0]);
    CHECK(sendmsg(fd, &message, 0) == sizeof round, "sendmsg");
    close(ends[0]);
    close(ends[1]);
}

static void receive_pipe(int fd, unsigned round) {
    unsigned got = 0;
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&got, sizeof got};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CHECK(recvmsg(fd, &message, 0) == sizeof got && got == round, "recvmsg gave %u, not %u", got, round);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header && header->cmsg_type == SCM_RIGHTS, "no descriptor came");
    int pipe_end;
    memcpy(&pipe_end, CMSG_DATA(header), sizeof pipe_end);
    CHECK(read(pipe_end, &got, sizeof got) == sizeof got && got == round, "the pipe holds %u, not %u", got, round);
    close(pipe_end);
}

static void datagrams(const char *unused) {
    (void) unused;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(server >= 0 && client >= 0 && bind(server, (struct sockaddr *) &address, sizeof address) == 0, "bind");
    CHECK(getsockname(server, (struct sockaddr *) &address, &length) == 0, "getsockname");
    CHECK(connect(client, (struct sockaddr *) &address, length) == 0, "connect");
    int packets[2], kept[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, kept) == 0, "socketpair");
    send_pipe(kept[0], 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, echo_thread, &server) == 0, "pthread_create");
    unsigned char bytes[2000], back[2000];
    for (unsigned round = 1; !shared->stop; round++) {
        size_t size = 1 + round % sizeof bytes;
        fill(bytes, size, 0, round);
        CHECK(send(client, bytes, size, 0) == (ssize_t) size, "send");
        CHECK(recv(client, back, sizeof back, 0) == (ssize_t) size, "recv");
        verify(back, size, 0, round, "datagram");
        send_pipe(packets[0], round);
        receive_pipe(packets[1], round);
        // One is always under way.
        send_pipe(kept[0], round);
        receive_pipe(kept[1], round - 1);
        round_done();
    }
    CHECK(send(client, bytes, 0, 0) == 0, "send of nothing");
    pthread_join(thread, 0);
}

// ---- terminals

static void terminal(const char *unused) {
    (void) unused;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    CHECK(master >= 0, "open of /dev/ptmx");
    CHECK(grantpt(master) == 0 && unlockpt(master) == 0, "unlockpt");
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    CHECK(slave >= 0, "open of the slave");
    struct termios settings;
    CHECK(tcgetattr(slave, &settings) == 0, "tcgetattr");
    settings.c_lflag &= ~ECHO;
    settings.c_oflag &= ~OPOST;
    CHECK(tcsetattr(slave, TCSANOW, &settings) == 0, "tcsetattr");
    for (unsigned round = 0; !shared->stop; round++) {
        char line[64], back[64];
        int length = snprintf(line, sizeof line, "line %u\n", round);
        CHECK(write(master, line, length) == length, "write to the master");
        CHECK(read(slave, back, sizeof back) == length && memcmp(line, back, length) == 0, "read of the slave");
        CHECK(write(slave, line, length) == length, "write to the slave");
        CHECK(read(master, back, sizeof back) == length && memcmp(line, back, length) == 0, "read of the master");
        struct termios now;
        CHECK(tcgetattr(slave, &now) == 0 && !(now.c_lflag & ECHO), "settings");
        round_done();
    }
}

// ---- processes and memory

static void processes(const char *unused) {
    (void) unused;
    for (unsigned round = 0; !shared->stop; round++) {
        unsigned char *bytes = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(bytes != MAP_FAILED, "mmap");
        fill(bytes, 1 << 16, 0, round);
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child == 0) {
            verify(bytes, 1 << 16, 0, round, "a child's memory");
            memset(bytes, 1, 1 << 16);
            _exit(round & 63);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child, "waitpid");
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (int) (round & 63), "a child's status %x", status);
        verify(bytes, 1 << 16, 0, round, "a parent's memory");
        CHECK(munmap(bytes, 1 << 16) == 0, "munmap");
        round_done();
    }
}

// ---- waits that last

static int never[2];

static void *blocked_read(void *unused) {
    (void) unused;
    char c;
    ssize_t n = read(never[0], &c, 1);
    CHECK(n == 1 && c == 'x', "a read that waited all the time gave %zd", n);
    return 0;
}

static void *blocked_poll(void *unused) {
    (void) unused;
    struct pollfd wanted = {never[0], POLLPRI, 0};
    while (!shared->stop) {
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        int n = poll(&wanted, 1, 300);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
        CHECK(n == 0 && ms >= 299, "poll gave %d after %ld ms", n, ms);
    }
    return 0;
}

static void waits(const char *unused) {
    (void) unused;
    CHECK(pipe(never) == 0, "pipe");
    pthread_t reader, poller;
    CHECK(pthread_create(&reader, 0, blocked_read, 0) == 0 && pthread_create(&poller, 0, blocked_poll, 0) == 0, "pthread_create");
    while (!shared->stop) {
        struct timespec nap = {0, 50000000};
        CHECK(nanosleep(&nap, 0) == 0, "nanosleep");
        round_done();
    }
    CHECK(write(never[1], "x", 1) == 1, "write");
    pthread_join(reader, 0);
    pthread_join(poller, 0);
}

// The merged folder of an overlay whose other folders are in folder too.
static const char *overlay(const char *folder) {
    static char merged[300];
    char lower[300], upper[300], work[300], options[1000];
    char *all[] = {lower, upper, work, merged};
    const char *names[] = {"lower", "upper", "work", "merged"};
    for (int i = 0; i < 4; i++) {
        snprintf(all[i], 300, "%s/%s", folder, names[i]);
        CHECK(mkdir(all[i], 0755) == 0, "mkdir %s", all[i]);
    }
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
    CHECK(mount("overlay", merged, "overlay", 0, options) == 0, "mount %s", options);
    return merged;
}

int main(int argc, char **argv) {
    begin();
    void (*all[])(const char *) = {special, pipes, unix_sockets, tcp, connections, datagrams, terminal, processes, waits};
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        nap_us = atoi(argv[2]);
        first = 3;
    }
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        work(all[i], "");
    }
    for (int i = first; i < argc; i++) {
        work(files, strcmp(argv[i], "-o") == 0 ? overlay(argv[++i]) : argv[i]);
    }
    return end();
}
