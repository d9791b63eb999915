// SPDX-License-Identifier: Apache-2.0
// Pipes and FIFOs, and the calls that move bytes between files: splice, tee, vmsplice, sendfile, copy_file_range.
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void *volatile nowhere = (void *)8;
static volatile int minus_one = -1;
static char buffer[1 << 20], other[1 << 20];
static volatile sig_atomic_t sigpipes;
static void on_sigpipe(int s) { (void)s; sigpipes++; }

static void fill(int n) { for (int i = 0; i < n; i++) buffer[i] = (char)(i * 7 + i / 251); }

static void basics(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    CHECK(write(p[1], "hello", 5) == 5);
    int n; CHECK(ioctl(p[0], FIONREAD, &n) == 0 && n == 5);
    CHECK(read(p[0], buffer, 3) == 3 && memcmp(buffer, "hel", 3) == 0);
    CHECK(read(p[0], buffer, 100) == 2 && memcmp(buffer, "lo", 2) == 0);
    CHECK(fcntl(p[0], F_GETPIPE_SZ) == 65536);
    CHECK_ERRNO(lseek(p[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(p[0], buffer, 1, 0), ESPIPE);
    CHECK_ERRNO(read(p[1], buffer, 1), EBADF);
    CHECK_ERRNO(write(p[0], buffer, 1), EBADF);
}

static void limits(void) {
    int p[2];
    CHECK(pipe2(p, O_NONBLOCK) == 0);
    CHECK(fcntl(p[0], F_GETFL) == (O_RDONLY | O_NONBLOCK) && fcntl(p[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
    CHECK_ERRNO(read(p[0], buffer, 1), EAGAIN);
    fill(70000);
    CHECK(write(p[1], buffer, 70000) == 65536);
    CHECK_ERRNO(write(p[1], "x", 1), EAGAIN);
    struct pollfd f[2] = {{.fd = p[0], .events = POLLIN}, {.fd = p[1], .events = POLLOUT}};
    CHECK(poll(f, 2, 0) == 1 && f[0].revents == POLLIN && f[1].revents == 0);
    CHECK(read(p[0], other, 100000) == 65536 && memcmp(buffer, other, 65536) == 0);
    CHECK(poll(f, 2, 0) == 1 && f[0].revents == 0 && f[1].revents == POLLOUT);
    // Up to PIPE_BUF bytes go in whole or not at all.
    CHECK(write(p[1], buffer, 65536 - 4095) == 65536 - 4095);
    CHECK_ERRNO(write(p[1], buffer, 4096), EAGAIN);
    CHECK(read(p[0], other, 65536) == 65536 - 4095);
    CHECK(fcntl(p[1], F_SETPIPE_SZ, 5000) == 8192 && fcntl(p[0], F_GETPIPE_SZ) == 8192);
    CHECK(write(p[1], buffer, 20000) == 8192);
    CHECK_ERRNO(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
    CHECK(fcntl(p[1], F_SETPIPE_SZ, 1 << 17) == 1 << 17);
    CHECK(write(p[1], buffer, 1 << 20) == (1 << 17) - 8192);
    close(p[0]); close(p[1]);
}

static void ends(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    CHECK(write(p[1], "last", 4) == 4 && close(p[1]) == 0);
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    CHECK(poll(&f, 1, 0) == 1 && f.revents == (POLLIN | POLLHUP));
    CHECK(read(p[0], buffer, 10) == 4 && read(p[0], buffer, 10) == 0);
    CHECK(poll(&f, 1, 0) == 1 && f.revents == POLLHUP);
    close(p[0]);
    CHECK(pipe(p) == 0 && close(p[0]) == 0);
    signal(SIGPIPE, on_sigpipe);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
    CHECK(sigpipes == 1);
    f = (struct pollfd){.fd = p[1], .events = POLLOUT};
    CHECK(poll(&f, 1, 0) == 1 && f.revents == (POLLOUT | POLLERR));
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
    close(p[1]);
}

static void *drain(void *arg) {
    int fd = *(int *)arg; long total = 0, n, bad = 0;
    while ((n = read(fd, other, 3333)) > 0) { for (int i = 0; i < n; i++) bad += other[i] != (char)((total + i) % 253); total += n; }
    return (void *)(bad ? -bad : total);
}

static void blocking(void) {
    int p[2]; pthread_t t; void *result;
    CHECK(pipe(p) == 0 && pthread_create(&t, 0, drain, &p[0]) == 0);
    for (int i = 0; i < 1 << 20; i++) buffer[i] = (char)(i % 253);
    long most = 253 * 4000;
    CHECK(write(p[1], buffer, most) == most && write(p[1], buffer, 1000) == 1000 && close(p[1]) == 0);
    CHECK(pthread_join(t, &result) == 0 && (long)result == most + 1000);
    close(p[0]);
}

static void packets(void) {
    int p[2];
    // Each takes a page of the capacity, however short it is.
    CHECK(pipe2(p, O_DIRECT | O_NONBLOCK) == 0);
    for (int i = 0; i < 16; i++) CHECK(write(p[1], "x", 1) == 1);
    CHECK_ERRNO(write(p[1], "x", 1), EAGAIN);
    struct pollfd full = {.fd = p[1], .events = POLLOUT};
    CHECK(poll(&full, 1, 0) == 0);
    CHECK_ERRNO(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
    CHECK(read(p[0], buffer, 100) == 1 && poll(&full, 1, 0) == 1 && write(p[1], "x", 1) == 1);
    CHECK_ERRNO(write(p[1], "x", 1), EAGAIN);
    CHECK(fcntl(p[1], F_SETPIPE_SZ, 1 << 20) == 1 << 20);
    for (int i = 0; i < 240; i++) CHECK(write(p[1], "x", 1) == 1);
    CHECK_ERRNO(write(p[1], "x", 1), EAGAIN);
    close(p[0]); close(p[1]);

    CHECK(pipe2(p, O_DIRECT | O_NONBLOCK) == 0);
    CHECK(write(p[1], "one", 3) == 3 && write(p[1], "three", 5) == 5 && write(p[1], "4", 1) == 1);
    CHECK(read(p[0], buffer, 100) == 3);
    CHECK(read(p[0], buffer, 2) == 2 && memcmp(buffer, "th", 2) == 0);
    CHECK(read(p[0], buffer, 100) == 1 && buffer[0] == '4');
    CHECK_ERRNO(read(p[0], buffer, 1), EAGAIN);
    close(p[0]); close(p[1]);
}

static void vectors(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    struct iovec v[3] = {{"ab", 2}, {0, 0}, {"cde", 3}};
    CHECK(writev(p[1], v, 3) == 5);
    char a[1], b[10];
    struct iovec w[2] = {{a, 1}, {b, 10}};
    CHECK(readv(p[0], w, 2) == 5 && a[0] == 'a' && memcmp(b, "bcde", 4) == 0);
    CHECK_ERRNO(writev(p[1], v, minus_one), EINVAL);
    CHECK_ERRNO(writev(p[1], nowhere, 1), EFAULT);
    CHECK_ERRNO(write(p[1], nowhere, 1), EFAULT);
    v[0].iov_len = (size_t)-1;
    CHECK_ERRNO(writev(p[1], v, 3), EINVAL);
    close(p[0]); close(p[1]);
}

static void fifos(void) {
    char name[] = "/tmp/fifoXXXXXX";
    CHECK(mkdtemp(name) && chdir(name) == 0 && mkfifo("f", 0600) == 0);
    CHECK_ERRNO(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
    int r = open("f", O_RDONLY | O_NONBLOCK);
    CHECK(r >= 0 && read(r, buffer, 1) == 0);
    struct pollfd f = {.fd = r, .events = POLLIN};
    CHECK(poll(&f, 1, 0) == 0);
    int w = open("f", O_WRONLY | O_NONBLOCK);
    CHECK(w >= 0);
    CHECK_ERRNO(read(r, buffer, 1), EAGAIN);
    CHECK(write(w, "z", 1) == 1 && close(w) == 0);
    CHECK(poll(&f, 1, 0) == 1 && f.revents == (POLLIN | POLLHUP) && read(r, buffer, 9) == 1);
    close(r);
    // Opening one end waits for the other.
    pid_t child = fork();
    if (child == 0) { w = open("f", O_WRONLY); _exit(w >= 0 && write(w, "deep", 4) == 4 ? 0 : 1); }
    r = open("f", O_RDONLY);
    int status;
    CHECK(read(r, buffer, 10) == 4 && waitpid(child, &status, 0) == child && status == 0 && read(r, buffer, 1) == 0);
    close(r);
    int rw = open("f", O_RDWR);
    CHECK(rw >= 0 && write(rw, "self", 4) == 4 && read(rw, buffer, 9) == 4);
    close(rw);
    CHECK(unlink("f") == 0 && chdir("/") == 0 && rmdir(name) == 0);
}

static int temporary(void) {
    char name[] = "/tmp/pipesXXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0);
    return fd;
}

static void splices(void) {
    int p[2], q[2];
    CHECK(pipe(p) == 0 && pipe(q) == 0);
    fill(300000);
    int file = temporary(), out = temporary();
    CHECK(write(file, buffer, 300000) == 300000 && lseek(file, 0, SEEK_SET) == 0);
    loff_t at = 100;
    CHECK(splice(file, &at, p[1], 0, 5000, 0) == 5000 && at == 5100 && lseek(file, 0, SEEK_CUR) == 0);
    CHECK(splice(file, 0, p[1], 0, 1000, 0) == 1000 && lseek(file, 0, SEEK_CUR) == 1000);
    CHECK(tee(p[0], q[1], 6000, 0) > 0);
    CHECK(read(q[0], other, 5000) > 0 && memcmp(other, buffer + 100, 4000) == 0);
    loff_t to = 7;
    CHECK(splice(p[0], 0, out, &to, 6000, 0) == 6000 && to == 6007);
    CHECK(pread(out, other, 6000, 7) == 6000 && memcmp(other, buffer + 100, 5000) == 0 && memcmp(other + 5000, buffer, 1000) == 0);
    CHECK_ERRNO(splice(p[0], 0, out, &to, 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(splice(file, 0, out, 0, 10, 0), EINVAL);
    CHECK_ERRNO(splice(p[0], &at, out, 0, 10, 0), ESPIPE);
    CHECK_ERRNO(splice(p[0], 0, p[1], 0, 10, 0), EINVAL);
    CHECK_ERRNO(tee(p[0], out, 10, 0), EINVAL);
    CHECK(splice(p[0], 0, out, 0, 0, 0) == 0);
    struct iovec v = {"vmsplice", 8};
    CHECK(vmsplice(p[1], &v, 1, 0) == 8 && read(p[0], other, 100) == 8 && memcmp(other, "vmsplice", 8) == 0);
    CHECK_ERRNO(splice(p[0], 0, out, 0, 10, 64), EINVAL);

    at = 1000;
    CHECK(sendfile(out, file, &at, 200000) == 200000 && at == 201000);
    CHECK(pread(out, other, 200000, 0) == 200000 && memcmp(other, buffer + 1000, 200000) == 0);
    CHECK(sendfile(p[1], file, 0, 10) == 10 && lseek(file, 0, SEEK_CUR) == 1010);
    CHECK_ERRNO(sendfile(out, p[0], 0, 10), EINVAL);
    CHECK(sendfile(out, file, &(off_t){300000}, 10) == 0);

    loff_t from = 10; to = 50;
    CHECK(ftruncate(out, 0) == 0);
    CHECK(copy_file_range(file, &from, out, &to, 250000, 0) == 250000 && from == 250010 && to == 250050);
    CHECK(pread(out, other, 250000, 50) == 250000 && memcmp(other, buffer + 10, 250000) == 0);
    CHECK_ERRNO(copy_file_range(file, 0, out, 0, 1, 1), EINVAL);
    from = 0; to = 5;
    CHECK_ERRNO(copy_file_range(file, &from, file, &to, 10, 0), EINVAL);
    CHECK_ERRNO(copy_file_range(p[0], 0, out, 0, 1, 0), EINVAL);
}

// What splice(2) and its kin look at, in which order.
static void refusals(void) {
    int p[2], q[2], s[2];
    CHECK(pipe(p) == 0 && pipe(q) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    int file = temporary(), event = eventfd(0, 0), directory = open("/tmp", O_RDONLY);
    loff_t at = 3, negative = -1;
    // Before anything is waited for.
    CHECK_ERRNO(splice(p[0], 0, event, 0, 10, 0), EINVAL);
    CHECK_ERRNO(splice(directory, 0, p[1], 0, 10, 0), EINVAL);
    CHECK_ERRNO(splice(p[0], 0, s[0], &at, 10, 0), EINVAL);
    CHECK_ERRNO(splice(p[0], 0, file, &negative, 10, 0), EINVAL);
    CHECK_ERRNO(splice(p[1], &at, file, 0, 10, 0), ESPIPE);
    CHECK_ERRNO(splice(p[1], 0, file, nowhere, 10, 0), EFAULT);
    CHECK_ERRNO(splice(p[1], 0, file, 0, 10, 0), EBADF);

    // Nobody reads any more: nothing is taken from the other side.
    CHECK(close(q[0]) == 0 && write(file, "abc", 3) == 3 && lseek(file, 0, SEEK_SET) == 0 && write(s[0], "abc", 3) == 3);
    CHECK_ERRNO(splice(file, 0, q[1], 0, 3, 0), EPIPE);
    CHECK(lseek(file, 0, SEEK_CUR) == 0);
    CHECK_ERRNO(splice(s[1], 0, q[1], 0, 3, 0), EPIPE);
    CHECK(recv(s[1], other, 10, MSG_DONTWAIT) == 3);
    CHECK(write(p[1], "x", 1) == 1);
    CHECK_ERRNO(splice(p[0], 0, q[1], 0, 10, 0), EPIPE);
    CHECK(read(p[0], other, 10) == 1 && close(p[1]) == 0);
    CHECK_ERRNO(splice(p[0], 0, q[1], 0, 10, 0), EPIPE);
    close(p[0]); close(q[1]);

    // vmsplice(2) waits for room, and goes when it has filled that.
    CHECK(pipe(p) == 0);
    struct iovec v[2] = {{buffer, 100000}, {buffer + 100000, 100000}};
    long filled = vmsplice(p[1], v, 2, 0);
    CHECK(filled > 0 && filled <= 65536);
    CHECK_ERRNO(vmsplice(p[1], v, 2, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK(vmsplice(p[1], v, 0, 0) == 0);
    pid_t child = fork();
    if (child == 0) {
        asleep(getppid());
        _exit(read(p[0], other, 65536) <= 0);
    }
    CHECK(vmsplice(p[1], v, 2, 0) > 0);
    int status;
    CHECK(wait(&status) == child && status == 0);
    close(p[0]); close(p[1]);

    // Places, and where they end.
    CHECK_ERRNO(copy_file_range(file, &negative, file, &at, 5, 0), EOVERFLOW);
    at = 0x7ffffffffffffffe;
    loff_t from = 0;
    CHECK_ERRNO(copy_file_range(file, &from, file, &at, 3, 0), EFBIG);
    off_t beyond = 20;
    CHECK(sendfile(s[0], file, &beyond, 5) == 0 && beyond == 20);
    close(file); close(event); close(directory); close(s[0]); close(s[1]);
}

// Without CAP_SYS_RESOURCE a pipe is no larger than /proc/sys/fs/pipe-max-size.
static void largest(void) {
    int most = 0, p[2];
    FILE *f = fopen("/proc/sys/fs/pipe-max-size", "r");
    CHECK(f && fscanf(f, "%d", &most) == 1 && fclose(f) == 0 && most >= 4096);
    int setting = open("/proc/sys/fs/pipe-max-size", O_WRONLY);
    CHECK(setting >= 0);
    CHECK_ERRNO(write(setting, "much", 4), EINVAL);
    CHECK_ERRNO(write(setting, "2147483649", 10), EINVAL);
    CHECK(dprintf(setting, "%d\n", most) > 0 && close(setting) == 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK(setuid(1000) == 0 && pipe(p) == 0);
        CHECK(fcntl(p[1], F_SETPIPE_SZ, most) == most);
        CHECK_ERRNO(fcntl(p[1], F_SETPIPE_SZ, most + 1), EPERM);
        CHECK(fcntl(p[1], F_GETPIPE_SZ) == most && fcntl(p[1], F_SETPIPE_SZ, 5000) == 8192);
        _exit(0);
    }
    int status;
    CHECK(wait(&status) == child && status == 0);
}

static void interrupted(void) {
    int p[2];
    CHECK(pipe(p) == 0);
    struct sigaction a = {.sa_handler = on_sigpipe};
    CHECK(sigaction(SIGALRM, &a, 0) == 0);
    // Again and again: the first may come before the read.
    struct itimerval often = {.it_value.tv_usec = 100000, .it_interval.tv_usec = 100000}, never = {0};
    CHECK(setitimer(ITIMER_REAL, &often, 0) == 0);
    CHECK_ERRNO(read(p[0], buffer, 1), EINTR);
    CHECK(setitimer(ITIMER_REAL, &never, 0) == 0);
    a.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &a, 0) == 0);
    pid_t child = fork();
    if (child == 0) { alarm(0); usleep(1500000); _exit(write(p[1], "k", 1) != 1); }
    alarm(1);
    CHECK(read(p[0], buffer, 1) == 1 && buffer[0] == 'k');
    int status;
    CHECK(wait(&status) == child && status == 0);
}

// Several who splice from one pipe get each byte once.
static void shared_source(void) {
    enum { NUMBERS = 200000, AT_ONCE = 1000, TAKERS = 3 };
    static unsigned char seen[NUMBERS];
    static unsigned numbers[AT_ONCE];
    int ends[2], files[TAKERS];
    pid_t takers[TAKERS];
    CHECK(!pipe(ends));
    for (int i = 0; i < TAKERS; i++) {
        char name[] = "/tmp/pipes-XXXXXX";
        CHECK((files[i] = mkstemp(name)) >= 0 && !unlink(name));
        CHECK((takers[i] = fork()) >= 0);
        if (takers[i] == 0) {
            ssize_t count;
            close(ends[1]);
            while ((count = splice(ends[0], 0, files[i], 0, 4000, 0)) > 0) {}
            _exit(count != 0);
        }
    }
    for (int from = 0; from < NUMBERS; from += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++) numbers[i] = from + i;
        CHECK(write(ends[1], numbers, sizeof numbers) == sizeof numbers);
    }
    close(ends[0]);
    close(ends[1]);
    int total = 0;
    for (int i = 0; i < TAKERS; i++) {
        int status;
        ssize_t count;
        CHECK(waitpid(takers[i], &status, 0) == takers[i] && status == 0);
        CHECK(lseek(files[i], 0, SEEK_SET) == 0);
        while ((count = read(files[i], numbers, sizeof numbers)) > 0) {
            for (int k = 0; k < count / 4; k++, total++) CHECK(numbers[k] < NUMBERS && !seen[numbers[k]]++);
        }
        close(files[i]);
    }
    CHECK(total == NUMBERS);
}

int main(void) {
    basics(); limits(); ends(); blocking(); packets(); vectors(); fifos(); splices(); shared_source(); refusals(); largest(); interrupted();
    return 0;
}
