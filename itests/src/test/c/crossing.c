// SPDX-License-Identifier: Apache-2.0
// Processes that do crosswise whatever takes several of the kernel's locks, for a while each, until they are killed in the middle of
// it: all of them end. CROSSING_MILLIS says how long each kind lasts, CROSSING_KIND which one is meant alone.
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#define WORKERS 4
#define BYTES 65536

// What the workers of a kind have in common; made anew before each.
static struct { volatile uint32_t words[64]; volatile pid_t pids[WORKERS]; volatile unsigned long rounds[WORKERS]; } *shared;
static char folder[64];
static unsigned seed;

static unsigned some(unsigned below) { return rand_r(&seed) % below; }
static void nap(int micros) { struct timespec t = {0, micros * 1000L}; nanosleep(&t, 0); }
static void non_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// ---- directories: each worker moves names the other way round

static void directories_begin(void) {
    CHECK(!mkdir("a", 0700) && !mkdir("b", 0700) && !mkdir("a/d", 0700) && !mkdir("b/e", 0700));
    CHECK(close(creat("a/f", 0600)) == 0);
}

static void directories(int who) {
    const char *names[] = {"a", "b", "a/d", "b/e", "a/e", "b/d", "a/f", "b/f", "a/d/f", "b/e/f", "a/d/e", "b/e/d"};
    const char *one = names[some(12)], *other = names[some(12)];
    struct stat stat_;
    switch (some(8)) {
    case 0: case 1: case 2: rename(who & 1 ? one : other, who & 1 ? other : one); break;
    case 3: syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2 /* RENAME_EXCHANGE */); break;
    case 4: link(one, other); break;
    case 5: if (some(2)) mkdir(one, 0700); else close(open(one, O_CREAT | O_WRONLY, 0600)); break;
    case 6: if (some(4) == 0) remove(names[2 + some(10)]); break;
    default: {
        char up[64];
        snprintf(up, sizeof up, "%s/../%s", one, other);
        stat(up, &stat_);
        DIR *all = opendir(one);
        while (all && readdir(all)) {}
        if (all) closedir(all);
    }
    }
}

// ---- pipes: from one to the other and back

static int one[2], other[2];

static void pipes_begin(void) {
    CHECK(!pipe(one) && !pipe(other) && write(one[1], shared, 4096) == 4096 && write(other[1], shared, 4096) == 4096);
}

static void pipes(int who) {
    int *from = who & 1 ? one : other, *to = who & 1 ? other : one;
    char bytes[512];
    unsigned flag = who == 0 || some(16) ? SPLICE_F_NONBLOCK : 0;
    switch (some(6)) {
    case 0: case 1: splice(from[0], 0, to[1], 0, 1 + some(5000), flag); break;
    case 2: tee(from[0], to[1], 1 + some(100), SPLICE_F_NONBLOCK); break;
    case 3: fcntl(from[0], F_SETPIPE_SZ, 4096 << some(4)); break;
    case 4: { struct pollfd p = {to[1], POLLOUT, 0}; if (poll(&p, 1, 0) == 1) write(to[1], bytes, sizeof bytes); break; }
    default: { struct pollfd p = {from[0], POLLIN, 0}; if (poll(&p, 1, 0) == 1) read(from[0], bytes, 1 + some(sizeof bytes)); }
    }
}

// ---- epoll instances that watch each other, now and then

static int polls[3], events[2];

static void nesting_begin(void) {
    for (int i = 0; i < 3; i++) CHECK((polls[i] = epoll_create1(0)) >= 0);
    for (int i = 0; i < 2; i++) CHECK((events[i] = eventfd(0, EFD_NONBLOCK)) >= 0);
}

static void nesting(int who) {
    int at = polls[some(3)], target = some(2) ? polls[some(3)] : events[some(2)];
    struct epoll_event event = {EPOLLIN | (some(2) ? EPOLLET : 0), {.u32 = who}}, found[4];
    uint64_t number = 1;
    switch (some(6)) {
    case 0: epoll_ctl(at, EPOLL_CTL_ADD, target, &event); break;
    case 1: epoll_ctl(at, EPOLL_CTL_DEL, target, 0); break;
    case 2: epoll_ctl(at, EPOLL_CTL_MOD, target, &event); break;
    case 3: write(events[who & 1], &number, 8); break;
    case 4: read(events[some(2)], &number, 8); break;
    default: epoll_wait(at, found, 4, (int)some(2)); break;
    }
}

// ---- listeners that come and go, those who connect, and descriptors on their way

static void carry(int socket, int carried) {
    char byte = 0, room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(control), &carried, sizeof carried);
    sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void listeners(int who) {
    union { struct sockaddr any; struct sockaddr_in in; struct sockaddr_un un; } address;
    memset(&address, 0, sizeof address);
    int family = some(2) ? AF_INET : AF_UNIX, on = 1;
    socklen_t size;
    address.any.sa_family = family;
    if (family == AF_INET) {
        address.in.sin_port = shared->words[0];
        address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        size = sizeof address.in;
    } else {
        size = offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(address.un.sun_path + 1, 60, "crossing-%d", getppid());
    }
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (who < 2) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        bind(fd, &address.any, size);
        listen(fd, 1 + some(5));
        if (family == AF_INET && !shared->words[0] && !getsockname(fd, &address.any, &size)) shared->words[0] = address.in.sin_port;
        for (int i = some(4); i > 0; i--) {
            int taken = accept4(fd, 0, 0, SOCK_NONBLOCK);
            if (taken < 0) break;
            carry(taken, some(2) ? taken : fd);
            if (some(2)) shutdown(taken, SHUT_RDWR);
            close(taken);
        }
    } else {
        connect(fd, &address.any, size);
        carry(fd, fd);
        char bytes[64];
        recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    }
    close(fd);
}

// ---- the tree of processes: forks, ends, signals, groups and sessions

static void ignore(int signal) { (void)signal; }

static void family(int who) {
    signal(SIGUSR1, ignore);
    pid_t neighbour = shared->pids[some(WORKERS)];
    switch (some(7)) {
    case 0: case 1: {
        pid_t child = fork();
        if (child == 0) {
            if (some(2)) setpgid(0, 0); else if (some(2)) setsid();
            if (some(2)) kill(getppid(), SIGUSR1);
            if (some(3) == 0 && fork() == 0) _exit(0); // an orphan
            _exit(0);
        }
        if (child > 0) {
            setpgid(child, some(2) ? child : 0);
            kill(child, some(2) ? SIGSTOP : SIGUSR1);
            kill(child, SIGCONT);
            siginfo_t info;
            waitid(P_PID, child, &info, WEXITED | WSTOPPED | WNOHANG);
            kill(child, SIGKILL);
            waitpid(child, 0, 0);
        }
        break;
    }
    case 2: if (neighbour > 0) kill(neighbour, SIGUSR1); break;
    case 3: if (neighbour > 0) setpgid(0, getpgid(neighbour)); break;
    case 4: setpgid(0, 0); break;
    case 5: if (neighbour > 0) { getsid(neighbour); getpriority(PRIO_PGRP, getpgid(neighbour)); } break;
    default: while (waitpid(-1, 0, WNOHANG) > 0) {} break;
    }
    (void)who;
}

// ---- mounts, and who walks there

static int may_mount;

static void mounts_begin(void) {
    may_mount = !unshare(CLONE_NEWNS) && !mount("none", "/", 0, MS_REC | MS_PRIVATE, 0);
    CHECK(!mkdir("m", 0700) && !mkdir("n", 0700) && !mkdir("m/x", 0700) && !mkdir("n/x", 0700));
}

static void mounts(int who) {
    const char *names[] = {"m", "n", "m/x", "n/x"};
    const char *at = names[some(4)], *from = names[some(4)];
    struct stat stat_;
    char up[64];
    if (!may_mount) { nap(1000); return; }
    if (who >= 2) {
        snprintf(up, sizeof up, "%s/../%s/x/..", at, from);
        stat(up, &stat_);
        int held = open(at, O_PATH);
        nap(10);
        close(held);
        return;
    }
    switch (some(4)) {
    case 0: mount("none", at, "tmpfs", 0, 0); mkdir("m/x", 0700); mkdir("n/x", 0700); break;
    case 1: mount(from, at, 0, MS_BIND | (some(2) ? MS_REC : 0), 0); break;
    default: umount2(at, some(2) ? MNT_DETACH : 0); break;
    }
}

static void mounts_end(void) {
    for (int i = 0; may_mount && i < 10000; i++) {
        if (umount2("m/x", MNT_DETACH) && umount2("n/x", MNT_DETACH) && umount2("m", MNT_DETACH) && umount2("n", MNT_DETACH)) break;
    }
}

// ---- System V objects

static void ipc(int who) {
    int key = 0x6a760000 + (getppid() & 0xffff);
    switch (some(6)) {
    case 0: case 1: {
        int segment = shmget(key + some(2), 8192, IPC_CREAT | 0600);
        char *at = segment < 0 ? (void *)-1 : shmat(segment, 0, 0);
        if (at != (void *)-1) {
            at[some(8192)] = 1;
            if (some(3) == 0 && fork() == 0) _exit(at[0]);
            if (some(2)) shmctl(segment, IPC_RMID, 0);
            shmdt(at);
        }
        break;
    }
    case 2: {
        int set = semget(key, 2, IPC_CREAT | 0600);
        struct sembuf both[2] = {{who & 1, 1, IPC_NOWAIT | SEM_UNDO}, {1 - (who & 1), -1, IPC_NOWAIT | SEM_UNDO}};
        if (set >= 0) { semop(set, both, 2); if (some(8) == 0) semctl(set, 0, IPC_RMID); }
        break;
    }
    case 3: {
        int queue = msgget(key, IPC_CREAT | 0600);
        struct { long type; char text[64]; } message = {1 + some(2), ""};
        if (queue >= 0) {
            msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT);
            msgrcv(queue, &message, sizeof message.text, some(3), IPC_NOWAIT);
            if (some(8) == 0) msgctl(queue, IPC_RMID, 0);
        }
        break;
    }
    case 4: { struct shmid_ds info; shmctl(shmget(key, 0, 0), IPC_STAT, &info); break; }
    default: while (waitpid(-1, 0, WNOHANG) > 0) {} break;
    }
}

static void ipc_end(void) {
    int key = 0x6a760000 + (getpid() & 0xffff);
    for (int i = 0; i < 2; i++) shmctl(shmget(key + i, 0, 0), IPC_RMID, 0);
    semctl(semget(key, 0, 0), 0, IPC_RMID);
    msgctl(msgget(key, 0), IPC_RMID, 0);
}

// ---- futexes: waiters that are moved back and forth

static void futexes(int who) {
    volatile uint32_t *from = &shared->words[who & 1 ? 0 : 16], *to = &shared->words[who & 1 ? 16 : 0];
    struct timespec soon = {0, 200000};
    switch (some(5)) {
    case 0: syscall(SYS_futex, from, FUTEX_WAIT, *from, &soon, 0, 0); break;
    case 1: syscall(SYS_futex, from, FUTEX_CMP_REQUEUE, some(2), (void *)2L, to, *from); break;
    case 2: syscall(SYS_futex, from, FUTEX_WAKE_OP, 1, (void *)1L, to, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_GT, 3)); break;
    case 3: (*from)++; syscall(SYS_futex, from, FUTEX_WAKE, 1, 0, 0, 0); break;
    default:
        if (!syscall(SYS_futex, &shared->words[32], FUTEX_LOCK_PI, 0, 0, 0, 0)) {
            syscall(SYS_futex, &shared->words[32], FUTEX_UNLOCK_PI, 0, 0, 0, 0);
        } else if (errno == ESRCH || errno == EINVAL) {
            shared->words[32] = 0;
        }
    }
}

// ---- terminals: both sides, and jobs

static int master;
static char slave_name[64];

static void terminals_begin(void) {
    CHECK((master = posix_openpt(O_RDWR | O_NOCTTY)) >= 0 && !grantpt(master) && !unlockpt(master));
    CHECK(!ptsname_r(master, slave_name, sizeof slave_name));
    non_blocking(master);
}

static void terminals(int who) {
    char bytes[256];
    int slave;
    struct termios settings;
    if (who < 2) {
        switch (some(5)) {
        case 0: case 1: write(master, "echo\x03\x1a\x11\x13 line\n", 1 + some(14)); break;
        case 2: read(master, bytes, sizeof bytes); break;
        case 3: ioctl(master, TIOCSWINSZ, &(struct winsize){.ws_row = some(50), .ws_col = some(50)}); break;
        default: { pid_t group; ioctl(master, TIOCGPGRP, &group); tcflush(master, TCIOFLUSH); } break;
        }
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        signal(SIGTTOU, SIG_IGN);
        signal(SIGINT, ignore);
        signal(SIGTSTP, SIG_IGN);
        setsid();
        slave = open(slave_name, O_RDWR | O_NONBLOCK);
        ioctl(slave, TIOCSCTTY, 0);
        if (fork() == 0) { setpgid(0, 0); tcsetpgrp(slave, getpid()); write(slave, "job\n", 4); _exit(0); }
        tcsetpgrp(slave, getpid());
        if (!tcgetattr(slave, &settings)) { settings.c_lflag ^= ICANON; tcsetattr(slave, some(2) ? TCSANOW : TCSAFLUSH, &settings); }
        read(slave, bytes, sizeof bytes);
        write(slave, bytes, 1 + some(100));
        if (some(2)) ioctl(slave, TIOCNOTTY);
        _exit(0);
    }
    nap(some(3000));
    if (child < 0) return;
    if (some(2)) kill(child, SIGKILL);
    kill(child, SIGCONT);
    for (int i = 0; !waitpid(child, 0, WNOHANG); i++) {
        if (i > 20) kill(child, SIGKILL);
        nap(500);
    }
}

// ---- memory: files that are written from each other's mappings, cut meanwhile, and forked about

static void mappings_begin(void) {
    for (int i = 0; i < 2; i++) {
        int fd = open(i ? "two" : "one", O_CREAT | O_RDWR, 0600);
        CHECK(fd >= 0 && !ftruncate(fd, BYTES) && !close(fd));
    }
}

static void *remap(void *bytes) {
    for (int i = 0; i < 20; i++) {
        mprotect(bytes, 4096, PROT_READ);
        mprotect(bytes, 4096, PROT_READ | PROT_WRITE);
        madvise(bytes, BYTES, MADV_DONTNEED);
    }
    return 0;
}

static void mappings(int who) {
    signal(SIGBUS, SIG_DFL);
    pid_t child = fork(); // a page may be cut off: that ends the child
    if (child == 0) {
        int from = open(who & 1 ? "one" : "two", O_RDWR), to = open(who & 1 ? "two" : "one", O_RDWR);
        char *bytes = mmap(0, BYTES, PROT_READ | PROT_WRITE, some(2) ? MAP_SHARED : MAP_PRIVATE, from, 0);
        for (int i = 0; i < 20 && bytes != MAP_FAILED; i++) {
            switch (some(6)) {
            case 0: case 1: pwrite(to, bytes + some(4096), some(BYTES / 2), some(BYTES / 2)); break;
            case 2: pread(to, bytes, some(BYTES), 0); break;
            case 3: if (some(4) == 0) { ftruncate(to, some(BYTES)); ftruncate(to, BYTES); } break;
            case 4: {
                off_t offset = 0;
                lseek(to, 0, SEEK_SET);
                if (some(2)) sendfile(to, from, &offset, some(BYTES)); else copy_file_range(from, &offset, to, 0, some(BYTES), 0);
                break;
            }
            default: {
                pthread_t thread;
                if (some(2)) {
                    msync(bytes, BYTES, MS_SYNC);
                } else if (!pthread_create(&thread, 0, remap, bytes)) {
                    bytes[some(100)]++;
                    if (fork() == 0) _exit(bytes[0]);
                    pthread_join(thread, 0);
                }
            }
            }
        }
        _exit(0);
    }
    if (child > 0) waitpid(child, 0, 0);
}

// ---- each other's memory, descriptors and files of /proc

static char page[4 * 4096];

static void neighbours(int who) {
    pid_t peer = shared->pids[some(WORKERS)];
    char path[64], bytes[4096];
    struct iovec here = {bytes, sizeof bytes}, there = {page, sizeof bytes};
    if (peer <= 0) return;
    switch (some(6)) {
    case 0: process_vm_readv(peer, &here, 1, &there, 1, 0); break;
    case 1: process_vm_writev(peer, &here, 1, &there, 1, 0); break;
    case 2: madvise((void *)(((uintptr_t)page + 4095) & -4096), 8192, MADV_DONTNEED); page[4096] = 1; break;
    case 3: {
        const char *files[] = {"stat", "status", "maps", "cmdline", "fdinfo/0", "io", "cwd", "task", "mounts", "limits"};
        snprintf(path, sizeof path, "/proc/%d/%s", some(2) ? peer : getpid(), files[some(10)]);
        int fd = open(path, O_RDONLY);
        while (fd >= 0 && read(fd, bytes, sizeof bytes) > 0) {}
        close(fd);
        break;
    }
    case 4: {
        DIR *all = opendir("/proc");
        struct dirent *entry;
        while (all && (entry = readdir(all))) {
            snprintf(path, sizeof path, "/proc/%.20s/exe", entry->d_name);
            readlink(path, bytes, sizeof bytes);
        }
        if (all) closedir(all);
        break;
    }
    default: {
        pid_t child = fork();
        if (child == 0) {
            if (some(2)) execl("/proc/self/exe", "crossing", "end", (char *)0);
            _exit(0);
        }
        int fd = child < 0 ? -1 : syscall(SYS_pidfd_open, child, 0);
        struct pollfd end = {fd, POLLIN, 0};
        if (fd >= 0) poll(&end, 1, PATIENCE);
        close(fd);
        if (child > 0) waitpid(child, 0, 0);
    }
    }
    (void)who;
}

// ---- locks of byte ranges, the wrong way round; descriptors that threads exchange

static int locked;

static void ranges_begin(void) { CHECK((locked = open("ranges", O_CREAT | O_RDWR, 0600)) >= 0); }

static void *exchange(void *unused) {
    for (int i = 0; i < 20; i++) { int fd = dup(locked); dup2(locked, 200 + i % 3); close(200 + i % 3); close(fd); }
    return unused;
}

static void ranges(int who) {
    int fd = open("ranges", O_RDWR);
    struct flock first = {.l_type = F_WRLCK, .l_start = who & 1, .l_len = 1}, second = {.l_type = F_WRLCK, .l_start = 1 - (who & 1), .l_len = 1};
    fcntl(fd, F_SETLKW, &first); // the one of the two that would wait for itself is told EDEADLK
    fcntl(fd, F_SETLKW, &second);
    if (some(4) == 0) { pthread_t thread; if (!pthread_create(&thread, 0, exchange, 0)) pthread_join(thread, 0); }
    if (some(4) == 0) { flock(fd, LOCK_EX | LOCK_NB); int copy = dup(fd); close(copy); }
    close(fd);
}

// ---- timers and the times they go by

static void timers(int who) {
    signal(SIGALRM, ignore);
    signal(SIGPROF, ignore);
    signal(SIGUSR2, ignore);
    struct itimerval each = {{0, 500}, {0, 300}}, none = {{0, 0}, {0, 0}};
    struct rusage usage;
    struct tms ticks;
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    switch (some(5)) {
    case 0: setitimer(some(2) ? ITIMER_REAL : ITIMER_PROF, &each, 0); break;
    case 1: setitimer(some(2) ? ITIMER_REAL : ITIMER_PROF, &none, 0); break;
    case 2:
        if (!timer_create(some(2) ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &event, &timer)) {
            struct itimerspec spec = {{0, 200000}, {0, 100000}};
            timer_settime(timer, 0, &spec, 0);
            timer_gettime(timer, &spec);
            nap(some(500));
            timer_getoverrun(timer);
            timer_delete(timer);
        }
        break;
    case 3: getrusage(some(2) ? RUSAGE_SELF : RUSAGE_CHILDREN, &usage); times(&ticks); break;
    default: {
        struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_CPU, &limit);
        if (fork() == 0) _exit(0);
        while (waitpid(-1, 0, 0) > 0) {}
    }
    }
    (void)who;
}

// ----

static const struct { const char *name; void (*begin)(void); void (*round)(int who); void (*end)(void); } kinds[] = {
    {"directories", directories_begin, directories, 0}, {"pipes", pipes_begin, pipes, 0}, {"nesting", nesting_begin, nesting, 0},
    {"listeners", 0, listeners, 0}, {"family", 0, family, 0}, {"mounts", mounts_begin, mounts, mounts_end}, {"ipc", 0, ipc, ipc_end},
    {"futexes", 0, futexes, 0}, {"terminals", terminals_begin, terminals, 0}, {"mappings", mappings_begin, mappings, 0},
    {"neighbours", 0, neighbours, 0}, {"ranges", ranges_begin, ranges, 0}, {"timers", 0, timers, 0},
};

// What the workers have left to the subreaper, stopped or not.
static void end_orphans(void) {
    pid_t ended;
    while ((ended = waitpid(-1, 0, WNOHANG)) >= 0) {
        if (ended > 0) continue;
        DIR *all = opendir("/proc");
        struct dirent *entry;
        while (all && (entry = readdir(all))) {
            char path[64], line[256] = "";
            snprintf(path, sizeof path, "/proc/%.20s/stat", entry->d_name);
            FILE *file = fopen(path, "r");
            const char *name_end = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : 0;
            if (file) fclose(file);
            if (name_end && atoi(name_end + 4) == getpid()) kill(atoi(line), SIGKILL);
        }
        if (all) closedir(all);
        nap(1000);
    }
}

static void cross(int kind, int millis) {
    memset(shared, 0, sizeof *shared);
    if (kinds[kind].begin) kinds[kind].begin();
    pid_t workers[WORKERS];
    for (int who = 0; who < WORKERS; who++) {
        CHECK((workers[who] = fork()) >= 0);
        if (workers[who] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            signal(SIGPIPE, SIG_IGN);
            seed = 17 * kind + who + 1;
            shared->pids[who] = getpid();
            for (;;) { kinds[kind].round(who); shared->rounds[who]++; }
        }
    }
    usleep(millis * 1000);
    for (int who = 0; who < WORKERS; who++) kill(workers[who], SIGKILL);
    for (int who = 0; who < WORKERS; who++) {
        int status;
        CHECK(waitpid(workers[who], &status, 0) == workers[who] && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    end_orphans();
    if (kinds[kind].end) kinds[kind].end();
    printf("%s: %lu %lu %lu %lu rounds\n", kinds[kind].name, shared->rounds[0], shared->rounds[1], shared->rounds[2], shared->rounds[3]);
}

// One kind, in a folder and a process of its own; what its workers leave behind ends with it.
static void run(int kind, const char *below, int millis) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(!prctl(PR_SET_CHILD_SUBREAPER, 1) && setsid() > 0);
        snprintf(folder, sizeof folder, "%s/crossing-XXXXXX", below);
        CHECK(mkdtemp(folder) && !chdir(folder));
        alarm(PATIENCE / 1000);
        signal(SIGUSR1, SIG_IGN); // of orphans
        cross(kind, millis);
        fflush(stdout);
        chdir("/");
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", folder);
        CHECK(system(command) == 0);
        exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    if (status) fprintf(stderr, "%s below %s: status %x\n", kinds[kind].name, below, status);
    CHECK(status == 0);
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "end")) return 0;
    const char *given = getenv("CROSSING_MILLIS"), *alone = getenv("CROSSING_KIND");
    int millis = given ? atoi(given) : 250;
    shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        if (alone && strcmp(alone, kinds[kind].name)) continue;
        run(kind, "/tmp", millis);
        if (kinds[kind].begin && !access("/dev/shm", W_OK)) run(kind, "/dev/shm", millis);
    }
    return 0;
}
