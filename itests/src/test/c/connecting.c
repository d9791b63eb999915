// SPDX-License-Identifier: Apache-2.0
// What connect(2) answers, and poll(2) says, of connections that are made, wait, are refused, or whose other side goes.
#include "check.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static int listening(struct sockaddr_in *address, int backlog) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(s, (struct sockaddr *)address, length) == 0 && listen(s, backlog) == 0);
    CHECK(getsockname(s, (struct sockaddr *)address, &length) == 0);
    return s;
}

static int events(int s, int wanted, int timeoutMs) {
    struct pollfd p = {.fd = s, .events = (short)wanted};
    CHECK(poll(&p, 1, timeoutMs) >= 0);
    return p.revents;
}

static int error(int s) {
    int e = -1;
    socklen_t length = sizeof e;
    CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &e, &length) == 0);
    return e;
}

static int begin(const struct sockaddr_in *to) {
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(s >= 0);
    CHECK_ERRNO(connect(s, (struct sockaddr *)to, sizeof *to), EINPROGRESS);
    return s;
}

// A non-blocking socket is never connected at once, as far as connect(2) tells.
static void made(void) {
    struct sockaddr_in to;
    int l = listening(&to, 5), c = begin(&to);
    CHECK(events(c, POLLOUT | POLLIN | POLLRDHUP, 5000) == POLLOUT && error(c) == 0);
    CHECK(connect(c, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK_ERRNO(connect(c, (struct sockaddr *)&to, sizeof to), EISCONN);
    CHECK_ERRNO(connect(l, (struct sockaddr *)&to, sizeof to), EISCONN);
    int d = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(d, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK_ERRNO(connect(d, (struct sockaddr *)&to, sizeof to), EISCONN);
    close(c);
    close(d);
    close(l);
}

static void refused(void) {
    struct sockaddr_in to;
    close(listening(&to, 5));
    int c = begin(&to);
    CHECK(events(c, POLLOUT, 5000) == (POLLOUT | POLLERR | POLLHUP));
    CHECK_ERRNO(connect(c, (struct sockaddr *)&to, sizeof to), ECONNREFUSED);
    CHECK_ERRNO(connect(c, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    CHECK((events(c, POLLOUT, 5000) & POLLERR) && error(c) == ECONNREFUSED && error(c) == 0);
    CHECK(recv(c, &to, 1, 0) == 0);
    CHECK_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERRNO(connect(c, (struct sockaddr *)&to, sizeof to), ECONNABORTED);
    close(c);
    int d = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(d, (struct sockaddr *)&to, sizeof to), ECONNREFUSED);
    CHECK(error(d) == 0);
    close(d);
}

// Who finds the backlog full is connected once there is room, without asking again.
static void waiting(void) {
    struct sockaddr_in to;
    int l = listening(&to, 0), first = begin(&to), second = begin(&to);
    CHECK(events(first, POLLOUT, 5000) == POLLOUT);
    CHECK(events(second, POLLOUT | POLLIN, 0) == 0);
    CHECK_ERRNO(connect(second, (struct sockaddr *)&to, sizeof to), EALREADY);
    CHECK_ERRNO(send(second, "x", 1, 0), EAGAIN);
    CHECK_ERRNO(recv(second, &to, 1, 0), EAGAIN);
    CHECK_ERRNO(getpeername(second, (struct sockaddr *)&to, &(socklen_t){sizeof to}), ENOTCONN);
    int accepted = accept(l, NULL, NULL);
    CHECK(accepted >= 0 && events(second, POLLOUT, 60000) == POLLOUT && error(second) == 0);
    close(accepted);
    CHECK(write(second, "y", 1) == 1 && (accepted = accept(l, NULL, NULL)) >= 0);
    char byte;
    CHECK(read(accepted, &byte, 1) == 1 && byte == 'y');
    close(accepted);
    close(first);
    close(second);
    close(l);
}

// A blocking connect(2) waits for room, too, in both families.
static void blocked(void) {
    struct sockaddr_in inet;
    struct sockaddr_un local = {AF_UNIX, "\0connecting.c"};
    int listeners[2] = {listening(&inet, 0), socket(AF_UNIX, SOCK_STREAM, 0)};
    CHECK(bind(listeners[1], (struct sockaddr *)&local, sizeof local) == 0 && listen(listeners[1], 0) == 0);
    for (int i = 0; i < 2; i++) {
        struct sockaddr *to = i == 0 ? (struct sockaddr *)&inet : (struct sockaddr *)&local;
        socklen_t length = i == 0 ? sizeof inet : sizeof local;
        int clients[2] = {socket(to->sa_family, SOCK_STREAM, 0), socket(to->sa_family, SOCK_STREAM, 0)};
        CHECK(connect(clients[0], to, length) == 0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            CHECK(connect(clients[1], to, length) == 0);
            _exit(0);
        }
        usleep(20000);
        CHECK(waitpid(child, NULL, WNOHANG) == 0);
        close(accept(listeners[i], NULL, NULL));
        int status;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        close(clients[0]);
        close(clients[1]);
        close(listeners[i]);
    }
}

// SO_SNDTIMEO ends the waiting: of TCP, not the connecting.
static void timedOut(void) {
    struct sockaddr_in to;
    struct timeval short_ = {0, 50000};
    int l = listening(&to, 0), c = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(c, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK(setsockopt(d, SOL_SOCKET, SO_SNDTIMEO, &short_, sizeof short_) == 0);
    CHECK_ERRNO(connect(d, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    close(accept(l, NULL, NULL));
    CHECK(events(d, POLLOUT, 60000) == POLLOUT);
    close(c);
    close(d);
    close(l);
}

static void pairOf(int *client, int *server) {
    struct sockaddr_in to;
    int l = listening(&to, 5);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(*client, (struct sockaddr *)&to, sizeof to) == 0 && (*server = accept(l, NULL, NULL)) >= 0);
    close(l);
}

// A side that has closed is not hung up before this one has, too, or has learned that nobody reads.
static void gone(void) {
    int c, s, all = POLLIN | POLLOUT | POLLRDHUP;
    char byte;
    pairOf(&c, &s);
    close(s);
    CHECK(events(c, POLLRDHUP, 5000) == POLLRDHUP && events(c, all, 0) == all);
    CHECK(shutdown(c, SHUT_WR) == 0 && events(c, all, 0) == (all | POLLHUP));
    CHECK_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
    close(c);

    pairOf(&c, &s);
    close(s);
    CHECK(events(c, POLLRDHUP, 5000) == POLLRDHUP && read(c, &byte, 1) == 0);
    CHECK(send(c, "x", 1, 0) == 1);
    CHECK((events(c, 0, 5000) & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
    CHECK_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(read(c, &byte, 1) == 0 && !(events(c, 0, 0) & POLLERR));
    close(c);

    // SO_LINGER without a time: what has come is read first.
    struct linger now = {1, 0};
    char in[8];
    pairOf(&c, &s);
    CHECK(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0 && write(s, "last", 4) == 4);
    close(s);
    CHECK((events(c, 0, 5000) & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP) && read(c, in, sizeof in) == 4);
    CHECK_ERRNO(read(c, in, sizeof in), ECONNRESET);
    CHECK_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
    close(c);

    pairOf(&c, &s);
    CHECK(write(c, "unread", 6) == 6 && events(s, POLLIN, 5000) == POLLIN);
    close(s);
    CHECK((events(c, 0, 5000) & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
    CHECK_ERRNO(send(c, "x", 1, 0), ECONNRESET);
    CHECK_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(read(c, &byte, 1) == 0);
    close(c);
}

// shutdown(2) of AF_UNIX for reading lets what has come be read, and nobody write any more.
static void shut(void) {
    int s[2];
    char in[8];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && write(s[0], "come", 4) == 4 && shutdown(s[1], SHUT_RD) == 0);
    CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(read(s[1], in, sizeof in) == 4 && read(s[1], in, sizeof in) == 0 && write(s[1], "back", 4) == 4);
    CHECK(read(s[0], in, sizeof in) == 4);
    close(s[0]);
    close(s[1]);
    CHECK(shutdown(s[0] = socket(AF_UNIX, SOCK_STREAM, 0), SHUT_RDWR) == 0);
    close(s[0]);
}

// A connection that there is no descriptor for stays in the backlog.
static void descriptors(void) {
    struct sockaddr_in to;
    struct rlimit before, none;
    int l = listening(&to, 5), c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(c, (struct sockaddr *)&to, sizeof to) == 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){3, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK_ERRNO(accept(l, NULL, NULL), EMFILE);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    int s = accept(l, NULL, NULL);
    CHECK(s >= 0 && write(c, "x", 1) == 1 && read(s, &to, 1) == 1);
    close(s);
    close(c);
    close(l);
}

// The mode of the socket is that of its name, less the umask.
static void modes(void) {
    char folder[] = "/tmp/connecting.XXXXXX";
    struct stat st;
    CHECK(mkdtemp(folder) != NULL);
    for (int i = 0; i < 3; i++) {
        int masks[] = {022, 077, 022}, own[] = {0777, 0777, 0660}, s = socket(AF_UNIX, i == 1 ? SOCK_DGRAM : SOCK_STREAM, 0);
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        snprintf(name.sun_path, sizeof name.sun_path, "%s/%d", folder, i);
        umask((mode_t)masks[i]);
        CHECK(fchmod(s, (mode_t)own[i]) == 0 && bind(s, (struct sockaddr *)&name, sizeof name) == 0);
        CHECK(stat(name.sun_path, &st) == 0 && (st.st_mode & 07777) == (mode_t)(own[i] & ~masks[i]) && S_ISSOCK(st.st_mode));
        close(s);
        unlink(name.sun_path);
    }
    rmdir(folder);
}

// SO_REUSEPORT: several sockets of one port, each of which gets a part; SO_REUSEADDR is not enough beside a listener.
static void shared(int type) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    enum { SOCKETS = 4, CLIENTS = 200 };
    int on = 1, s[SOCKETS], got[SOCKETS] = {0}, clients[CLIENTS];
    for (int i = 0; i < SOCKETS; i++) {
        CHECK((s[i] = socket(AF_INET, type | SOCK_NONBLOCK, 0)) >= 0);
        CHECK(setsockopt(s[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 && bind(s[i], (struct sockaddr *)&to, length) == 0);
        CHECK(type != SOCK_STREAM || listen(s[i], 500) == 0);
        CHECK(getsockname(s[i], (struct sockaddr *)&to, &length) == 0);
    }
    int other = socket(AF_INET, type, 0);
    CHECK_ERRNO(bind(other, (struct sockaddr *)&to, length), EADDRINUSE);
    CHECK(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    CHECK_ERRNO(bind(other, (struct sockaddr *)&to, length), EADDRINUSE);
    for (int i = 0; i < CLIENTS; i++) {
        CHECK((clients[i] = socket(AF_INET, type, 0)) >= 0 && connect(clients[i], (struct sockaddr *)&to, length) == 0);
        CHECK(send(clients[i], "x", 1, 0) == 1);
    }
    int left = CLIENTS;
    struct pollfd p[SOCKETS];
    for (int i = 0; i < SOCKETS; i++) p[i] = (struct pollfd){.fd = s[i], .events = POLLIN};
    while (left > 0) {
        char byte;
        CHECK(poll(p, SOCKETS, 5000) > 0);
        for (int i = 0; i < SOCKETS; i++) {
            for (int fd; (fd = type == SOCK_STREAM ? accept(s[i], NULL, NULL) : recv(s[i], &byte, 1, 0) == 1 ? 0 : -1) >= 0;) {
                got[i]++;
                left--;
                if (type == SOCK_STREAM) close(fd);
            }
        }
    }
    for (int i = 0; i < SOCKETS; i++) {
        CHECK(got[i] > 0);
        close(s[i]);
    }
    for (int i = 0; i < CLIENTS; i++) close(clients[i]);
    close(other);
}

int main(void) {
    alarm(200);
    made();
    refused();
    waiting();
    blocked();
    timedOut();
    gone();
    shut();
    descriptors();
    modes();
    shared(SOCK_STREAM);
    shared(SOCK_DGRAM);
    return 0;
}
