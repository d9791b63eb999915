// SPDX-License-Identifier: Apache-2.0
// Makes random system calls, each number with half-sensible arguments, in processes and threads that come and go, pass descriptors to
// one another and die of what they did. Process 1 begins one round after the other with a few workers each, ends it with SIGKILL for
// all, and says "round N"; at a line of its input it does nothing until the next one, which it says by "quiet", and at the input's end
// it says "ok: ..." and ends. The same seed makes the same calls, as far as the
// scheduler lets them come in the same order.
//   random-calls SEED [CALLS]    CALLS: of each worker
#include "../c/check.h"
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { WORKERS = 4, THREADS = 2, PAGE = 4096, PAGES = 8, ROUND_MILLIS = 1500, LAST_CALL = 470, DEPTH = 3 };

static char *arena;             // PAGES pages: written, written, read-only, none, of a file, beyond that file's end, written, written
static int passing[2 * WORKERS];
static volatile long *calls;    // made by all: shared
static long limit = 400;
static pid_t children[16];
static int child_count, depth, null;
static __thread uint64_t state;

static uint32_t rnd(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 16);
}
static uint32_t below(uint32_t n) { return rnd() % n; }
static int one_in(uint32_t n) { return below(n) == 0; }

// ---- arguments

static const char *const PATHS[] = {"a", "b", "c", "d", "d/e", "d/e/f", "../a", ".", "..", "/", "", "link", "fifo", "socket", "d/../d/./e",
    "/data/a", "/data/b", "/data/d", "/data/d/e", "/data/link", "/tmp", "/tmp/x", "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
    "/dev/ptmx", "/dev/pts/0", "/dev/tty", "/dev/shm/s", "/proc", "/proc/self/maps", "/proc/self/status", "/proc/self/fd", "/proc/self/fd/3",
    "/proc/self/exe", "/proc/self/ns/net", "/proc/self/ns/user", "/proc/self/task", "/proc/self/mem", "/proc/self/oom_score_adj",
    "/proc/mounts", "/proc/meminfo", "/proc/stat", "/proc/sys/kernel/hostname", "/proc/sys/net/core/somaxconn", "/sys", "/etc",
    "proc", "tmpfs", "overlay", "ext4", "user.x", "security.y", "/random-calls"};
static const int IOCTLS[] = {0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5409, 0x540a, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411,
    0x5412, 0x5413, 0x5414, 0x541b, 0x541d, 0x5421, 0x5422, 0x5429, 0x5441, 0x5450, 0x5451, 0x5452, 0x80045430, 0x40045431, 0x8905, 0x8910,
    0x8912, 0x8913, 0x8914, 0x8927, 0x8933, 0xb701, 0xb703, 0x40086602, 0x80086601, 0x4004667e};
static const int FLAGS[] = {0, 0, 0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000, 0x10000,
    0x20000, 0x80000, 0x80800, 0x100000, 0x200000, 0x400000, 0x410000, 0x42, 0x242, 0x441, 0x22, 0x11, -1};
static const long LENGTHS[] = {0, 1, 2, 3, 4, 7, 8, 12, 16, 24, 28, 32, 48, 64, 100, 128, 255, 256, 1000, 4095, 4096, 4097, 8192, 65536, 1 << 20,
    0x7fffffff, 0xffffffffL, 0x100000000L, -1L, -4096L, INT64_MIN, INT64_MAX};

static int descriptor(void) {
    switch (below(16)) {
        case 0: return -1;
        case 1: return AT_FDCWD;
        case 2: return (int)rnd();
        case 3: return passing[below(2 * WORKERS)];
        default: return (int)below(48);
    }
}

static char *pointer(void) {
    switch (below(24)) {
        case 0: return 0;
        case 1: return (char *)-1L;
        case 2: return (char *)0xffff800000000000L;
        case 3: return (char *)0x7fffffffff00L;
        case 4: return arena + 2 * PAGE + below(PAGE);
        case 5: return arena + 3 * PAGE - below(64);
        case 6: return arena + 3 * PAGE;
        case 7: return arena + 4 * PAGE + below(PAGE);
        case 8: return arena + 5 * PAGE - below(64);
        case 9: return arena + 2 * PAGE - below(64);
        case 10: return arena + PAGES * PAGE - below(64);
        default: return arena + below(2) * 6 * PAGE + (below(PAGE / 8) & ~1u) * 8;
    }
}

// A written place with something in it that calls may take for a structure.
static void *filled(void) {
    uint32_t *words = (uint32_t *)(arena + 6 * PAGE + below(16) * 256);
    for (int i = 0; i < 32; i++) {
        switch (below(8)) {
            case 0: words[i] = rnd(); break;
            case 1: words[i] = (uint32_t)descriptor(); break;
            case 2: words[i] = (uint32_t)FLAGS[below(sizeof FLAGS / sizeof *FLAGS)]; break;
            case 3: if (!(i & 1)) memcpy(words + i, &(char *){pointer()}, 8), i++; break;
            case 4: words[i] = below(100); break;
            default: words[i] = 0;
        }
    }
    return words;
}

static char *path(void) {
    if (one_in(12)) return pointer();
    char *p = arena + below(8) * 256;
    strcpy(p, PATHS[below(sizeof PATHS / sizeof *PATHS)]);
    if (one_in(40)) {
        memset(p, 'n', 255 + below(3));
        p[255 + below(3)] = 0;
    }
    return p;
}

static void *vector(void) {
    struct iovec *v = (struct iovec *)(arena + 7 * PAGE + below(8) * 256);
    for (int i = 0; i < 8; i++) v[i] = (struct iovec){pointer(), one_in(10) ? (size_t)LENGTHS[below(32)] : below(5000)};
    return v;
}

static void *address(void) {
    struct sockaddr *a = (struct sockaddr *)(arena + PAGE + below(8) * 128);
    static const short FAMILIES[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC};
    memset(a, 0, 128);
    a->sa_family = FAMILIES[below(5)];
    if (a->sa_family == AF_UNIX) strcpy(a->sa_data + one_in(2), one_in(2) ? "socket" : "other");
    if (a->sa_family == AF_INET) memcpy(a->sa_data, (char[]){16, (char)below(8), 127, 0, 0, 1}, 6);
    if (a->sa_family == AF_INET6) a->sa_data[0] = 16, a->sa_data[1] = (char)below(8), a->sa_data[21] = one_in(2);
    return a;
}

static void *message(void) {
    struct msghdr *m = (struct msghdr *)(arena + PAGE + 2048 + below(4) * 256);
    *m = (struct msghdr){one_in(3) ? address() : 0, one_in(3) ? below(128) : 0, vector(), below(8), 0, 0, 0};
    if (one_in(2)) {
        struct cmsghdr *c = filled();
        c->cmsg_len = CMSG_LEN(4 * below(8)), c->cmsg_level = SOL_SOCKET, c->cmsg_type = 1 + (int)below(3);
        m->msg_control = c, m->msg_controllen = one_in(8) ? below(300) : c->cmsg_len;
    }
    return m;
}

static void *time_value(void) {
    struct timespec *t = (struct timespec *)(arena + 3000 + below(16) * 32);
    t[0] = (struct timespec){one_in(20) ? (long)rnd() - 5 : 0, one_in(20) ? (long)rnd() : below(20000000)};
    t[1] = t[0];
    return t;
}

static pid_t process(int number) {
    switch (below(8)) {
        case 0: return 0;
        case 1: return getpid();
        case 2: return (pid_t)rnd();
        case 3: return child_count > 0 ? -children[below((uint32_t)child_count)] : -1;
        case 4: return number == SYS_kill || number == SYS_wait4 || number == SYS_getpgid ? 1 : 0;
        default: return child_count > 0 ? children[below((uint32_t)child_count)] : getpid();
    }
}

// What the arguments of a number are, a letter each: f descriptor, p path, b place, F filled place, n length, i small number, x flags, o offset,
// P process, s signal, v vector, A address, M message, T time, m mode, c ioctl, y any; those that are not listed have any.
static const struct { int number; const char *arguments; } SIGNATURES[] = {
    {SYS_read, "fbn"}, {SYS_write, "fbn"}, {SYS_open, "pxm"}, {SYS_close, "f"}, {SYS_stat, "pb"}, {SYS_fstat, "fb"}, {SYS_lstat, "pb"},
    {SYS_poll, "Fii"}, {SYS_lseek, "foi"}, {SYS_mmap, "bnixfo"}, {SYS_mprotect, "bni"}, {SYS_munmap, "bn"}, {SYS_rt_sigaction, "sFbn"},
    {SYS_rt_sigprocmask, "iFbn"}, {SYS_ioctl, "fcF"}, {SYS_pread64, "fbno"}, {SYS_pwrite64, "fbno"}, {SYS_readv, "fvi"}, {SYS_writev, "fvi"},
    {SYS_access, "pi"}, {SYS_pipe, "b"}, {SYS_select, "iFFFT"}, {SYS_mremap, "bnnxb"}, {SYS_msync, "bni"}, {SYS_mincore, "bnb"},
    {SYS_madvise, "bni"}, {SYS_shmget, "inx"}, {SYS_shmat, "ibx"}, {SYS_shmctl, "iiF"}, {SYS_dup, "f"}, {SYS_dup2, "ff"}, {SYS_nanosleep, "Tb"},
    {SYS_getitimer, "ib"}, {SYS_setitimer, "iTb"}, {SYS_sendfile, "ffbn"}, {SYS_socket, "iii"}, {SYS_connect, "fAi"}, {SYS_accept, "fbb"},
    {SYS_sendto, "fbnxAi"}, {SYS_recvfrom, "fbnxbb"}, {SYS_sendmsg, "fMx"}, {SYS_recvmsg, "fMx"}, {SYS_shutdown, "fi"}, {SYS_bind, "fAi"},
    {SYS_listen, "fi"}, {SYS_getsockname, "fbb"}, {SYS_getpeername, "fbb"}, {SYS_socketpair, "iiib"}, {SYS_setsockopt, "fiiFi"},
    {SYS_getsockopt, "fiibF"}, {SYS_wait4, "Pxbb"}, {SYS_kill, "Ps"}, {SYS_semget, "iix"}, {SYS_semop, "iFi"}, {SYS_semctl, "iiiF"},
    {SYS_msgget, "ix"}, {SYS_msgsnd, "iFnx"}, {SYS_msgrcv, "ibnix"}, {SYS_msgctl, "iiF"}, {SYS_fcntl, "fiF"}, {SYS_flock, "fi"},
    {SYS_fsync, "f"}, {SYS_fdatasync, "f"}, {SYS_truncate, "po"}, {SYS_ftruncate, "fo"}, {SYS_getdents, "fbn"}, {SYS_getcwd, "bn"},
    {SYS_chdir, "p"}, {SYS_fchdir, "f"}, {SYS_rename, "pp"}, {SYS_mkdir, "pm"}, {SYS_rmdir, "p"}, {SYS_creat, "pm"}, {SYS_link, "pp"},
    {SYS_unlink, "p"}, {SYS_symlink, "pp"}, {SYS_readlink, "pbn"}, {SYS_chmod, "pm"}, {SYS_fchmod, "fm"}, {SYS_chown, "pii"},
    {SYS_fchown, "fii"}, {SYS_lchown, "pii"}, {SYS_umask, "m"}, {SYS_getrlimit, "ib"}, {SYS_getrusage, "ib"}, {SYS_setpgid, "PP"},
    {SYS_getpgid, "P"}, {SYS_getsid, "P"}, {SYS_capget, "FF"}, {SYS_rt_sigtimedwait, "FbTn"}, {SYS_rt_sigqueueinfo, "PsF"}, {SYS_rt_sigsuspend, "Fn"},
    {SYS_sigaltstack, "Fb"}, {SYS_utime, "pF"}, {SYS_mknod, "pmi"}, {SYS_statfs, "pb"}, {SYS_fstatfs, "fb"}, {SYS_getpriority, "iP"},
    {SYS_setpriority, "iPi"}, {SYS_sched_getparam, "Pb"}, {SYS_sched_setscheduler, "PiF"}, {SYS_mlock, "bn"}, {SYS_munlock, "bn"},
    {SYS_prctl, "iyyyy"}, {SYS_arch_prctl, "yb"}, {SYS_chroot, "p"}, {SYS_mount, "ppplp"}, {SYS_umount2, "px"}, {SYS_readahead, "fon"},
    {SYS_setxattr, "ppbnx"}, {SYS_fsetxattr, "fpbnx"}, {SYS_getxattr, "ppbn"}, {SYS_fgetxattr, "fpbn"}, {SYS_listxattr, "pbn"},
    {SYS_flistxattr, "fbn"}, {SYS_removexattr, "pp"}, {SYS_fremovexattr, "fp"}, {SYS_tkill, "Ps"}, {SYS_futex, "bixTbi"},
    {SYS_sched_setaffinity, "PnF"}, {SYS_sched_getaffinity, "Pnb"}, {SYS_getdents64, "fbn"}, {SYS_fadvise64, "foni"}, {SYS_timer_create, "iFb"},
    {SYS_timer_settime, "iiTb"}, {SYS_timer_gettime, "ib"}, {SYS_timer_delete, "i"}, {SYS_clock_gettime, "ib"}, {SYS_clock_nanosleep, "iiTb"},
    {SYS_epoll_wait, "fFii"}, {SYS_epoll_ctl, "fifF"}, {SYS_tgkill, "PPs"}, {SYS_utimes, "pF"}, {SYS_mq_open, "pxmF"}, {SYS_waitid, "iPbxb"},
    {SYS_inotify_add_watch, "fpx"}, {SYS_inotify_rm_watch, "fi"}, {SYS_openat, "fpxm"}, {SYS_mkdirat, "fpm"}, {SYS_mknodat, "fpmi"},
    {SYS_fchownat, "fpiix"}, {SYS_newfstatat, "fpbx"}, {SYS_unlinkat, "fpx"}, {SYS_renameat, "fpfp"}, {SYS_linkat, "fpfpx"},
    {SYS_symlinkat, "pfp"}, {SYS_readlinkat, "fpbn"}, {SYS_fchmodat, "fpm"}, {SYS_faccessat, "fpi"}, {SYS_pselect6, "iFFFTF"},
    {SYS_ppoll, "FiTFn"}, {SYS_unshare, "x"}, {SYS_set_robust_list, "bn"}, {SYS_get_robust_list, "Pbb"}, {SYS_splice, "fbfbnx"},
    {SYS_tee, "ffnx"}, {SYS_sync_file_range, "fonx"}, {SYS_vmsplice, "fvix"}, {SYS_utimensat, "fpTx"}, {SYS_epoll_pwait, "fFiiFn"},
    {SYS_signalfd, "fFn"}, {SYS_timerfd_create, "ix"}, {SYS_eventfd, "i"}, {SYS_fallocate, "fion"}, {SYS_timerfd_settime, "fiTb"},
    {SYS_timerfd_gettime, "fb"}, {SYS_accept4, "fbbx"}, {SYS_signalfd4, "fFnx"}, {SYS_eventfd2, "ix"}, {SYS_epoll_create1, "x"},
    {SYS_dup3, "ffx"}, {SYS_pipe2, "bx"}, {SYS_inotify_init1, "x"}, {SYS_preadv, "fvioo"}, {SYS_pwritev, "fvioo"}, {SYS_rt_tgsigqueueinfo, "PPsF"},
    {SYS_recvmmsg, "fMixT"}, {SYS_prlimit64, "PiFb"}, {SYS_sendmmsg, "fMix"}, {SYS_setns, "fx"}, {SYS_getcpu, "bbb"},
    {SYS_process_vm_readv, "Pvivix"}, {SYS_process_vm_writev, "Pvivix"}, {SYS_renameat2, "fpfpx"}, {SYS_getrandom, "bnx"},
    {SYS_memfd_create, "px"}, {SYS_execveat, "fpFFx"}, {SYS_membarrier, "ixi"}, {SYS_mlock2, "bnx"}, {SYS_copy_file_range, "fbfbnx"},
    {SYS_preadv2, "fviiox"}, {SYS_pwritev2, "fviiox"}, {SYS_statx, "fpxxb"}, {SYS_rseq, "bnii"}, {SYS_pidfd_send_signal, "fsFx"},
    {SYS_pidfd_open, "Px"}, {SYS_openat2, "fpFn"}, {SYS_pidfd_getfd, "ffx"}, {SYS_faccessat2, "fpix"}, {SYS_close_range, "iix"},
    {SYS_epoll_pwait2, "fFiTFn"}, {SYS_ptrace, "iPyy"}, {SYS_personality, "x"}, {SYS_sethostname, "bn"}, {SYS_setrlimit, "iF"}};

static long argument(char kind, int number) {
    switch (kind) {
        case 'f': return descriptor();
        case 'p': return (long)path();
        case 'b': return (long)pointer();
        case 'F': return one_in(10) ? (long)pointer() : (long)filled();
        case 'n': return one_in(3) ? LENGTHS[below(32)] : below(6000);
        case 'i': return one_in(12) ? (int)rnd() : (int)below(one_in(3) ? 64 : 8);
        case 'x': return FLAGS[below(sizeof FLAGS / sizeof *FLAGS)] | (one_in(4) ? 1u << below(32) : 0);
        case 'l': return one_in(2) ? 0 : (long)(1u << below(26));
        case 'o': return one_in(4) ? LENGTHS[below(32)] : below(100000);
        case 'P': return process(number);
        case 's': return one_in(10) ? (int)rnd() : (int)below(66);
        case 'v': return one_in(20) ? (long)pointer() : (long)vector();
        case 'A': return one_in(12) ? (long)pointer() : (long)address();
        case 'M': return one_in(12) ? (long)pointer() : (long)message();
        case 'T': return one_in(12) ? (long)pointer() : (long)time_value();
        case 'm': return (long)(below(010000) | (one_in(3) ? below(16) << 12 : 0));
        case 'c': return IOCTLS[below(sizeof IOCTLS / sizeof *IOCTLS)];
        default: return argument("fpbFnixoPsvAMTm"[below(15)], number);
    }
}

static const char *signature(int number) {
    for (size_t i = 0; i < sizeof SIGNATURES / sizeof *SIGNATURES; i++) {
        if (SIGNATURES[i].number == number) return SIGNATURES[i].arguments;
    }
    return "yyyyyy";
}

// ---- what needs more than arguments

static void work(long count);

static void become_child(void) {
    child_count = 0;
    depth++;
    state += (uint64_t)getpid() * 0x9e3779b97f4a7c15u;
    if (depth > DEPTH) _exit(0);
    work(limit / 8);
    _exit((int)below(256));
}

static void child(pid_t pid) {
    if (pid == 0) become_child();
    if (pid > 0) children[child_count < 16 ? child_count++ : (int)below(16)] = pid;
}

static void *thread(void *seed) {
    state = (uint64_t)seed;
    work(limit / 4);
    return 0;
}

static void begin_thread(void) {
    pthread_t one;
    if (pthread_create(&one, 0, thread, (void *)(((uint64_t)rnd() << 20) | 1)) == 0) pthread_detach(one);
}

static void pass(void) {
    char control[CMSG_SPACE(3 * sizeof(int))] = {0}, byte = 'x';
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int socket = passing[below(2 * WORKERS)];
    if (one_in(2)) {
        recvmsg(socket, &m, MSG_DONTWAIT);
        return;
    }
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(3 * sizeof(int));
    for (int i = 0; i < 3; i++) ((int *)CMSG_DATA(c))[i] = (int)below(24);
    sendmsg(socket, &m, MSG_DONTWAIT);
}

static void new_descriptor(void) {
    int two[2];
    sigset_t all;
    switch (below(12)) {
        case 0: (void)!pipe2(two, one_in(2) ? O_NONBLOCK : 0); break;
        case 1: (void)!socketpair(AF_UNIX, one_in(2) ? SOCK_STREAM : SOCK_DGRAM, 0, two); break;
        case 2: eventfd(below(3), EFD_NONBLOCK); break;
        case 3: timerfd_create(CLOCK_MONOTONIC, 0); break;
        case 4: epoll_create1(0); break;
        case 5: sigfillset(&all), signalfd(-1, &all, SFD_NONBLOCK); break;
        case 6: syscall(SYS_memfd_create, "m", 2); break;
        case 7: open("/dev/ptmx", O_RDWR | O_NOCTTY); break;
        case 8: socket(AF_INET, one_in(2) ? SOCK_STREAM : SOCK_DGRAM, 0); break;
        case 9: open(one_in(2) ? "a" : "/data/a", O_RDWR | O_CREAT, 0666); break;
        case 10: syscall(SYS_pidfd_open, getpid(), 0); break;
        default: open(one_in(2) ? "." : "/proc/self/fd", O_RDONLY | O_DIRECTORY);
    }
}

static void clone_something(int number) {
    static const unsigned long SHARED[] = {CLONE_FS, CLONE_FILES, CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET,
        CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_PARENT_SETTID, CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID, CLONE_PTRACE, CLONE_PARENT, CLONE_IO};
    unsigned long flags = 0;
    for (uint32_t i = below(3); i > 0; i--) flags |= SHARED[below(15)];
    if (number == SYS_clone3) {
        struct clone_args arguments = {.flags = flags, .exit_signal = one_in(4) ? 0 : SIGCHLD};
        child((pid_t)syscall(SYS_clone3, &arguments, one_in(8) ? below(200) : sizeof arguments));
    } else {
        child((pid_t)syscall(SYS_clone, flags | (one_in(4) ? below(65) : SIGCHLD), 0, one_in(4) ? pointer() : 0, one_in(4) ? pointer() : 0, 0));
    }
}

static void execute(void) {
    char seed[24], number[24];
    snprintf(seed, sizeof seed, "%u", rnd());
    snprintf(number, sizeof number, "%ld", limit / 4);
    char *arguments[] = {"random-calls", "worker", seed, number, 0};
    execve(one_in(2) ? "/proc/self/exe" : path(), arguments, (char *[]){0});
}

static void one_call(void) {
    __atomic_add_fetch(calls, 1, __ATOMIC_RELAXED);
    switch (below(40)) {
        case 0: pass(); return;
        case 1: case 2: new_descriptor(); return;
        case 3: if (one_in(3)) begin_thread(); return;
        default:
    }
    int number = one_in(3) ? SIGNATURES[below(sizeof SIGNATURES / sizeof *SIGNATURES)].number : (int)below(LAST_CALL);
    switch (number) {
        case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn: if (!one_in(8)) return; break;
        case SYS_fork: case SYS_vfork: child(fork()); return;
        case SYS_clone: case SYS_clone3: clone_something(number); return;
        case SYS_execve: if (one_in(4)) execute(); return;
        default:
    }
    const char *kinds = signature(number);
    long a[6] = {0};
    for (int i = 0; i < 6; i++) a[i] = kinds[i] ? argument(kinds[i], number) : 0;
    // Whoever traces, sets limits of or writes to process 1 is let do so by Linux, too.
    if ((number == SYS_prlimit64 || number == SYS_process_vm_writev) && a[0] == 1) return;
    if (number == SYS_ptrace && a[1] == 1) return;
    syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    // Pages that calls took away come back.
    if (strchr(kinds, 'b') && one_in(16)) mmap(arena, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void work(long count) {
    for (long i = 0; i < count; i++) {
        one_call();
        if (one_in(16)) while (waitpid(-1, 0, WNOHANG) > 0) { }
    }
}

static void nothing(int signal) { (void)signal; }

// ---- a worker

static void lower(int resource, rlim_t value) { setrlimit(resource, &(struct rlimit){value, value}); }

static void worker(uint64_t seed) {
    state = seed * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < 8; i++) rnd();
    arena = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED) _exit(1);
    int file = (int)syscall(SYS_memfd_create, "page", 0);
    if (ftruncate(file, PAGE) == 0) mmap(arena + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED, file, 0);
    mprotect(arena + 2 * PAGE, PAGE, PROT_READ);
    mprotect(arena + 3 * PAGE, PAGE, PROT_NONE);
    lower(RLIMIT_NOFILE, 128);
    lower(RLIMIT_FSIZE, 4 << 20);
    lower(RLIMIT_AS, 512 << 20);
    lower(RLIMIT_NPROC, 200);
    lower(RLIMIT_SIGPENDING, 100);
    lower(RLIMIT_CORE, 0);
    struct sigaction act = {.sa_handler = nothing};
    sigaction(SIGALRM, &act, 0);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 5000}, {0, 5000}}, 0);
    for (int i = 0; i < THREADS; i++) begin_thread();
    work(limit);
    _exit(0);
}

static void begin_worker(uint64_t seed, int place) {
    char folder[64];
    snprintf(folder, sizeof folder, "/tmp/w%d", place);
    mkdir(folder, 0777);
    chmod(folder, 0777);
    if (chdir(folder) != 0) _exit(1);
    mkdir("d", 0777), mkdir("d/e", 0777), mkfifo("fifo", 0666);
    (void)!symlink("d", "link");
    for (int i = 0; i < 3; i++) dup2(null, i);
    // Mounts that process 1 sees would end all workers that come, which need their folder.
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0) _exit(1);
    if (seed % 3 == 0) unshare(CLONE_NEWNET); // if there are others
    if (seed % 2) setsid();
    if (seed % 4 == 0 && setuid(65534) != 0) _exit(1);
    worker(seed);
}

// ---- process 1

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type;
    if (walk->level > 0) remove(name);
    return 0;
}

static long millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static pid_t new_worker(uint64_t seed, int place) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) begin_worker(seed, place);
    return pid;
}

// Whoever has taken away his own mount there may remove the folder itself, and so what is mounted there for all others.
static void folder_again(void) {
    struct statfs system;
    mkdir("/tmp", 0777);
    if (statfs("/tmp", &system) != 0 || system.f_type != TMPFS_MAGIC) CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, 0) == 0);
}

// A worker that has died is followed by another until the round's time is over.
static void round_of(uint64_t seed) {
    pid_t workers[WORKERS];
    long before = *calls;
    folder_again();
    seed *= 1000;
    for (int i = 0; i < WORKERS; i++) CHECK(socketpair(AF_UNIX, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0, passing + 2 * i) == 0);
    for (int i = 0; i < WORKERS; i++) workers[i] = new_worker(seed++, i);
    for (long end = millis() + ROUND_MILLIS; millis() < end;) {
        pid_t ended = waitpid(-1, 0, WNOHANG | __WALL);
        CHECK(ended >= 0 || errno == EINTR);
        if (ended == 0) usleep(2000);
        for (int i = 0; i < WORKERS; i++) if (ended > 0 && workers[i] == ended) workers[i] = new_worker(seed++, i);
    }
    CHECK(*calls > before); // or nothing is tried any more
    for (int i = 0; i < 2 * WORKERS; i++) CHECK(close(passing[i]) == 0);
    kill(-1, SIGKILL);
    for (;;) {
        pid_t pid = waitpid(-1, 0, __WALL);
        if (pid < 0 && errno == ECHILD) break;
        CHECK(pid > 0 || errno == EINTR);
    }
    nftw("/tmp", remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    nftw("/data", remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    nftw("/dev/shm", remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int main(int count, char **arguments) {
    // With nothing beside it that a call might be told to go on beyond.
    char *counter = mmap(0, 3 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(counter != MAP_FAILED && mprotect(counter + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    calls = (long *)(counter + PAGE);
    if (count == 4 && strcmp(arguments[1], "worker") == 0) {
        limit = atol(arguments[3]);
        for (int i = 0; i < 2 * WORKERS; i++) passing[i] = 4 + i;
        worker((uint64_t)atol(arguments[2]));
    }
    if (count == 2 && strcmp(arguments[1], "answer") == 0) {
        puts("alive");
        return 0;
    }
    CHECK(getpid() == 1 && count >= 2); // it kills everybody else
    uint64_t seed = strtoull(arguments[1], 0, 10);
    if (count > 2) limit = atol(arguments[2]);
    setvbuf(stdout, 0, _IOLBF, 0);
    umask(0);
    CHECK((null = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0); // somebody will remove its name
    long rounds = 0;
    for (;; rounds++) {
        struct pollfd input = {.fd = 0, .events = POLLIN};
        if (poll(&input, 1, 0) > 0) {
            char line;
            if (read(0, &line, 1) != 1) break;
            puts("quiet");
            if (read(0, &line, 1) != 1) break;
        }
        round_of(seed + (uint64_t)rounds);
        printf("round %ld %ld\n", rounds, *calls);
    }
    printf("ok: %ld rounds, %ld calls\n", rounds, *calls);
    return 0;
}
