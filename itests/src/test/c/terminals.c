// SPDX-License-Identifier: Apache-2.0
// Pseudoterminals: lines and their editing, echo, raw reads, signals, flow control, packet mode, job control, hang-up.
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

static char buffer[70000];
static int master, slave;
static volatile sig_atomic_t got;
static void on_signal(int s) { got = s; }

static void open_pair(void) {
    int n, locked = 1;
    char name[50];
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(master >= 0 && ioctl(master, TIOCGPTN, &n) == 0);
    snprintf(name, sizeof name, "/dev/pts/%d", n);
    CHECK_ERRNO(open(name, O_RDWR | O_NOCTTY), EIO);
    CHECK(ioctl(master, TIOCGPTLCK, &locked) == 0 && locked == 1);
    locked = 0;
    CHECK(ioctl(master, TIOCSPTLCK, &locked) == 0);
    slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    struct stat s;
    CHECK(slave >= 0 && isatty(slave) && isatty(master) && strcmp(ttyname(slave), name) == 0);
    CHECK(fstat(slave, &s) == 0 && S_ISCHR(s.st_mode) && (s.st_rdev >> 8) == 136 && (int)(s.st_rdev & 255) == n);
}

static void close_pair(void) { close(slave); close(master); }

static void change(tcflag_t on_l, tcflag_t off_l, tcflag_t on_i, tcflag_t off_i, tcflag_t on_o, tcflag_t off_o) {
    struct termios t;
    CHECK(tcgetattr(slave, &t) == 0);
    t.c_lflag = (t.c_lflag & ~off_l) | on_l; t.c_iflag = (t.c_iflag & ~off_i) | on_i; t.c_oflag = (t.c_oflag & ~off_o) | on_o;
    CHECK(tcsetattr(slave, TCSANOW, &t) == 0);
}

static void type(const char *keys) { CHECK(write(master, keys, strlen(keys)) == (long)strlen(keys)); }

// What the other side gets; output may come in pieces, some time after it was written.
static int reads(int fd, const char *expected) {
    int want = strlen(expected), have = 0;
    while (have < want) {
        struct pollfd f = {.fd = fd, .events = POLLIN};
        if (poll(&f, 1, PATIENCE) != 1) break;
        int n = read(fd, buffer + have, want - have);
        if (n <= 0) break;
        have += n;
    }
    if (have != want || memcmp(buffer, expected, want) != 0) {
        fprintf(stderr, "expected %d bytes, got %d:", want, have);
        for (int i = 0; i < have; i++) fprintf(stderr, buffer[i] < 32 || buffer[i] > 126 ? "\\%o" : "%c", buffer[i] & 255);
        fprintf(stderr, "\n");
        return 0;
    }
    return 1;
}

// Input is processed a moment after it is typed: a read of the slave that finds nothing yet is repeated.
static int slave_read(void *to, int size) {
    struct pollfd f = {.fd = slave, .events = POLLIN};
    poll(&f, 1, PATIENCE);
    return read(slave, to, size);
}

static void settle(void) { struct timespec t = {0, 20000000}; nanosleep(&t, 0); }
// Flow control has taken effect: nothing can be written.
static void held(int fd) { struct pollfd f = {.fd = fd, .events = POLLOUT}; while (poll(&f, 1, 0) != 0) settle(); }
// What was typed has been processed.
static void arrived(int count) { for (int there = -1; there != count; settle()) CHECK(ioctl(slave, FIONREAD, &there) == 0); }
static int silent(int fd) { settle(); struct pollfd f = {.fd = fd, .events = POLLIN}; return poll(&f, 1, 0) == 0; }

static void lines(void) {
    open_pair();
    struct termios t;
    CHECK(tcgetattr(slave, &t) == 0 && t.c_iflag == (ICRNL | IXON) && t.c_oflag == (OPOST | ONLCR));
    CHECK(t.c_lflag == (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN) && t.c_cc[VINTR] == 3 && t.c_cc[VEOF] == 4 && t.c_cc[VMIN] == 1);
    CHECK(cfgetospeed(&t) == B38400);
    type("ab");
    CHECK(reads(master, "ab") && silent(slave));
    CHECK_ERRNO(read(slave, buffer, 10), EAGAIN);
    type("c\r");
    CHECK(reads(master, "c\r\n"));
    int n;
    arrived(4);
    CHECK(ioctl(slave, FIONREAD, &n) == 0 && n == 4);
    CHECK(slave_read(buffer, 2) == 2 && memcmp(buffer, "ab", 2) == 0 && slave_read(buffer, 10) == 2 && memcmp(buffer, "c\n", 2) == 0);
    type("one\ntwo\nthr");
    CHECK(reads(master, "one\r\ntwo\r\nthr") && slave_read(buffer, 100) == 4 && slave_read(buffer, 100) == 4 && silent(slave));
    type("\004");
    CHECK(slave_read(buffer, 100) == 3 && memcmp(buffer, "thr", 3) == 0);
    type("\004");
    CHECK(slave_read(buffer, 100) == 0 && silent(slave));
    type("abc\004");
    CHECK(slave_read(buffer, 3) == 3 && silent(slave) && reads(master, "abc"));
    // Editing.
    type("abX\177c\n");
    CHECK(reads(master, "abX\b \bc\r\n") && slave_read(buffer, 10) == 4 && memcmp(buffer, "abc\n", 4) == 0);
    type("\177word two\027x\n");
    CHECK(reads(master, "word two\b \b\b \b\b \bx\r\n") && slave_read(buffer, 20) == 7 && memcmp(buffer, "word x\n", 7) == 0);
    type("wrong\025ok\n");
    CHECK(reads(master, "wrong\b \b\b \b\b \b\b \b\b \bok\r\n") && slave_read(buffer, 20) == 3 && memcmp(buffer, "ok\n", 3) == 0);
    type("a\026\003b\001\177\n");
    CHECK(reads(master, "a^\b^Cb^A\b \b\b \b\r\n") && slave_read(buffer, 20) == 4 && memcmp(buffer, "a\003b\n", 4) == 0);
    type("re\022\n");
    CHECK(reads(master, "re^R\r\nre\r\n") && slave_read(buffer, 20) == 3);
    type("x\ty\177\177z\n");
    CHECK(reads(master, "x\ty\b \b\b\b\b\b\b\b\bz\r\n") && slave_read(buffer, 20) == 3 && memcmp(buffer, "xz\n", 3) == 0);
    // UTF-8: one key, two bytes.
    change(0, 0, IUTF8, 0, 0, 0);
    type("\303\244\177b\n");
    CHECK(reads(master, "\303\244\b \bb\r\n") && slave_read(buffer, 20) == 2);
    // Without echo, except of the newline.
    change(ECHONL, ECHO, 0, 0, 0, 0);
    type("secret\n");
    CHECK(reads(master, "\r\n") && slave_read(buffer, 20) == 7);
    change(ECHO, ECHONL | ECHOCTL, INLCR, ICRNL, 0, 0);
    type("\001\n\r");
    CHECK(silent(slave));
    change(0, 0, IGNCR, INLCR, 0, 0);
    type("\r\n");
    CHECK(slave_read(buffer, 20) > 0);
    close_pair();
}

static void output(void) {
    open_pair();
    CHECK(write(slave, "a\nb\tc\r", 6) == 6 && reads(master, "a\r\nb\tc\r"));
    change(0, 0, 0, 0, TAB3, 0);
    CHECK(write(slave, "ab\tc\n", 5) == 5 && reads(master, "ab      c\r\n"));
    change(0, 0, 0, 0, OCRNL | OLCUC, TAB3 | ONLCR);
    CHECK(write(slave, "x\ry\n", 4) == 4 && reads(master, "X\nY\n"));
    change(0, 0, 0, 0, 0, OPOST);
    CHECK(write(slave, "x\ry\n", 4) == 4 && reads(master, "x\ry\n"));
    // Flow control.
    type("\023");
    held(slave);
    CHECK_ERRNO(write(slave, "held", 4), EAGAIN);
    struct pollfd f = {.fd = slave, .events = POLLOUT};
    CHECK(poll(&f, 1, 0) == 0);
    type("\021");
    CHECK(poll(&f, 1, PATIENCE) == 1 && write(slave, "free", 4) == 4 && reads(master, "free"));
    // Echo is output.
    type("\023");
    held(slave);
    type("typed\n");
    CHECK(slave_read(buffer, 10) == 6 && silent(master));
    type("\021");
    CHECK(reads(master, "typed\n"));
    CHECK(tcflow(slave, TCOOFF) == 0);
    CHECK_ERRNO(write(slave, "held", 4), EAGAIN);
    CHECK(tcflow(slave, TCOON) == 0 && write(slave, "free", 4) == 4 && reads(master, "free"));
    CHECK(tcflow(slave, TCIOFF) == 0 && reads(master, "\023") && tcflow(slave, TCION) == 0 && reads(master, "\021"));
    // A full terminal takes no more, and takes again when it was read.
    long total = 0, n;
    memset(buffer, 'o', sizeof buffer);
    while ((n = write(slave, buffer, 1000)) > 0) total += n;
    CHECK(errno == EAGAIN && total >= 2000);
    while (total > 0 && (n = read(master, buffer, sizeof buffer)) > 0) { total -= n; settle(); }
    CHECK(total == 0 && poll(&f, 1, PATIENCE) == 1);
    CHECK(tcflush(slave, TCIOFLUSH) == 0);
    CHECK_ERRNO(tcflush(slave, 99), EINVAL);
    CHECK(tcdrain(slave) == 0 && tcsendbreak(slave, 0) == 0);
    close_pair();
}

static long now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000 + t.tv_nsec / 1000000; }

static void minimum(int min, int tenths) {
    struct termios t;
    CHECK(tcgetattr(slave, &t) == 0);
    cfmakeraw(&t); t.c_cc[VMIN] = min; t.c_cc[VTIME] = tenths;
    CHECK(tcsetattr(slave, TCSAFLUSH, &t) == 0);
}

static void raw(void) {
    open_pair();
    minimum(1, 0);
    type("a\003\177\r");
    CHECK(silent(master) && slave_read(buffer, 10) == 4 && memcmp(buffer, "a\003\177\r", 4) == 0);
    CHECK(fcntl(slave, F_SETFL, 0) == 0);
    minimum(0, 0);
    CHECK(read(slave, buffer, 10) == 0);
    minimum(0, 2);
    long before = now_ms();
    CHECK(read(slave, buffer, 10) == 0 && now_ms() - before >= 190);
    type("x");
    CHECK(read(slave, buffer, 10) == 1);
    minimum(3, 0);
    struct pollfd f = {.fd = slave, .events = POLLIN};
    type("12");
    settle();
    CHECK(poll(&f, 1, 0) == 0);
    pid_t child = fork();
    if (child == 0) { usleep(50000); _exit(write(master, "34", 2) != 2); }
    CHECK(read(slave, buffer, 10) == 4 && memcmp(buffer, "1234", 4) == 0 && waitpid(child, 0, 0) == child);
    minimum(5, 1);
    type("ab");
    before = now_ms();
    CHECK(read(slave, buffer, 10) == 2 && now_ms() - before >= 90);
    // What was typed before stays when lines begin to count.
    minimum(1, 0);
    type("left");
    arrived(4);
    change(ICANON, 0, 0, 0, 0, 0);
    CHECK(read(slave, buffer, 10) == 4);
    close_pair();
}

static void packets(void) {
    open_pair();
    int on = 1;
    CHECK(ioctl(master, TIOCPKT, &on) == 0 && write(slave, "hi\n", 3) == 3);
    struct pollfd f = {.fd = master, .events = POLLIN};
    CHECK(poll(&f, 1, PATIENCE) == 1);
    settle();
    CHECK(read(master, buffer, 10) == 5 && buffer[0] == 0 && memcmp(buffer + 1, "hi\r\n", 4) == 0);
    CHECK(tcflush(slave, TCIFLUSH) == 0);
    f.events = POLLIN | POLLPRI;
    CHECK(poll(&f, 1, PATIENCE) == 1 && (f.revents & POLLPRI) && read(master, buffer, 10) == 1 && buffer[0] == TIOCPKT_FLUSHREAD);
    type("\023");
    settle();
    CHECK(poll(&f, 1, PATIENCE) == 1 && read(master, buffer, 10) == 1 && buffer[0] == TIOCPKT_STOP);
    change(0, 0, 0, IXON, 0, 0);
    CHECK(poll(&f, 1, PATIENCE) == 1 && read(master, buffer, 10) == 1 && (buffer[0] & TIOCPKT_NOSTOP));
    close_pair();
}

static void ends(void) {
    open_pair();
    struct pollfd m = {.fd = master, .events = POLLIN}, s = {.fd = slave, .events = POLLIN};
    CHECK(poll(&m, 1, 0) == 0 && write(slave, "bye", 3) == 3 && close(slave) == 0);
    CHECK(reads(master, "bye") && poll(&m, 1, PATIENCE) == 1 && (m.revents & POLLHUP));
    CHECK_ERRNO(read(master, buffer, 1), EIO);
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    CHECK(slave >= 0 && isatty(slave) && poll(&m, 1, 0) == 0);
    s.fd = slave;
    char name[50]; struct stat st;
    CHECK(ttyname_r(slave, name, sizeof name) == 0 && stat(name, &st) == 0 && close(master) == 0 && stat(name, &st) == -1);
    CHECK(poll(&s, 1, PATIENCE) == 1 && (s.revents & POLLHUP) && read(slave, buffer, 1) == 0);
    CHECK_ERRNO(write(slave, "x", 1), EIO);
    close(slave);
    open_pair();
    struct winsize w = {24, 80, 0, 0}, v;
    CHECK(ioctl(master, TIOCSWINSZ, &w) == 0 && ioctl(slave, TIOCGWINSZ, &v) == 0 && v.ws_row == 24 && v.ws_col == 80);
    CHECK(ioctl(slave, TIOCEXCL) == 0 && ioctl(slave, TIOCNXCL) == 0);
    int n;
    CHECK(ioctl(slave, TIOCGETD, &n) == 0 && n == 0);
    CHECK_ERRNO(ioctl(slave, TIOCGPTN, &n), ENOTTY);
    CHECK_ERRNO(ioctl(slave, 0x5499, &n), ENOTTY);
    CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
    CHECK_ERRNO(lseek(slave, 0, SEEK_SET), ESPIPE);
    close_pair();
}

// In a session of its own, with the terminal as the controlling one.
static void session(void) {
    int status;
    open_pair();
    CHECK(fcntl(slave, F_SETFL, 0) == 0);
    pid_t leader = fork();
    if (leader == 0) {
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO * (getsid(0) == getpid()) + errno * (getsid(0) != getpid()));
        _exit(0);
    }
    CHECK(waitpid(leader, &status, 0) == leader);
    leader = fork();
    if (leader == 0) {
        CHECK(setsid() == getpid());
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        CHECK(ioctl(slave, TIOCSCTTY, 0) == 0 && tcgetsid(slave) == getpid() && tcgetpgrp(slave) == getpid());
        int tty = open("/dev/tty", O_RDWR);
        CHECK(tty >= 0 && isatty(tty));
        // ^C is for the foreground.
        struct sigaction a = {.sa_handler = on_signal};
        sigaction(SIGINT, &a, 0); sigaction(SIGQUIT, &a, 0); sigaction(SIGWINCH, &a, 0);
        type("part\003");
        while (got == 0) settle();
        CHECK(got == SIGINT);
        type("\034");
        while (got == SIGINT) settle();
        CHECK(got == SIGQUIT);
        struct winsize w = {11, 22, 0, 0};
        CHECK(ioctl(master, TIOCSWINSZ, &w) == 0);
        while (got == SIGQUIT) settle();
        CHECK(got == SIGWINCH);
        // A background process is stopped when it reads, and when it changes settings; not when it writes, unless asked for.
        pid_t child = fork();
        if (child == 0) {
            setpgid(0, 0);
            CHECK(write(slave, "w", 1) == 1);
            char c;
            CHECK(read(slave, &c, 1) == 1 && c == 'r');
            struct termios t;
            CHECK(tcgetattr(slave, &t) == 0);
            t.c_lflag |= TOSTOP;
            CHECK(tcsetattr(slave, TCSANOW, &t) == 0);
            _exit(3);
        }
        setpgid(child, child);
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
        CHECK(tcsetpgrp(slave, child) == 0 && tcgetpgrp(slave) == child);
        type("r\n");
        CHECK(kill(-child, SIGCONT) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3);
        // Now this process is in the background, of a group that is orphaned.
        signal(SIGTTOU, SIG_IGN);
        CHECK(tcsetpgrp(slave, getpgrp()) == 0);
        signal(SIGTTOU, SIG_DFL);
        CHECK_ERRNO(tcsetpgrp(slave, 999999), ESRCH * 0 + errno);
        child = fork();
        if (child == 0) { setpgid(0, 0); write(slave, "x", 1); _exit(4); }
        setpgid(child, child);
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
        // ^Z stops the foreground.
        child = fork();
        if (child == 0) { setpgid(0, 0); signal(SIGTTOU, SIG_IGN); tcsetpgrp(slave, getpid()); write(slave, "G", 1); for (;;) pause(); }
        setpgid(child, child);
        while (tcgetpgrp(slave) != child) settle();
        type("\032");
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
        // The master goes: SIGHUP.
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(slave, getpgrp());
        sigaction(SIGHUP, &a, 0);
        got = 0;
        close(master);
        for (;;) { settle(); if (got == SIGHUP || got == SIGCONT) break; }
        CHECK(got == SIGHUP && read(slave, buffer, 1) == 0);
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        _exit(0);
    }
    close(master);
    CHECK(waitpid(leader, &status, 0) == leader);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(slave);
}

int main(void) {
    lines(); output(); raw(); packets(); ends(); session();
    return 0;
}
