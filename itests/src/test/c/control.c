// SPDX-License-Identifier: Apache-2.0
// Control messages (unix(7)): where reads end that come with descriptors or credentials, whom one may be, and who else takes them.
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static char in[64];
static union { char bytes[256]; struct cmsghdr align; } control;
static struct msghdr got;

static ssize_t sendWith(int s, const char *bytes, int type, const void *content, size_t length) {
    union { char bytes[256]; struct cmsghdr align; } c = {0};
    struct iovec data = {(char *)bytes, strlen(bytes)};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1};
    if (content != NULL) {
        m.msg_control = &c;
        m.msg_controllen = CMSG_SPACE(length);
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = type;
        h->cmsg_len = CMSG_LEN(length);
        memcpy(CMSG_DATA(h), content, length);
    }
    return sendmsg(s, &m, MSG_NOSIGNAL);
}

static ssize_t receive(int s, int flags) {
    static struct iovec data;
    data = (struct iovec){in, sizeof in};
    got = (struct msghdr){.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    return recvmsg(s, &got, flags);
}

// The descriptor that came, or -1.
static int descriptor(void) {
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&got); h != NULL; h = CMSG_NXTHDR(&got, h)) {
        int fd;
        if (h->cmsg_type == SCM_RIGHTS) {
            memcpy(&fd, CMSG_DATA(h), sizeof fd);
            return fd;
        }
    }
    return -1;
}

static int sender(struct ucred *who) {
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&got); h != NULL; h = CMSG_NXTHDR(&got, h)) {
        if (h->cmsg_type == SCM_CREDENTIALS) {
            memcpy(who, CMSG_DATA(h), sizeof *who);
            return 1;
        }
    }
    return 0;
}

// Plain bytes join those that follow them with a descriptor, and those end the read.
static void joined(void) {
    int s[2], fd = 0, came;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    CHECK(sendWith(s[0], "abc", SCM_RIGHTS, &fd, sizeof fd) == 3 && send(s[0], "defg", 4, 0) == 4);
    CHECK(sendWith(s[0], "hi", SCM_RIGHTS, &fd, sizeof fd) == 2 && send(s[0], "jk", 2, 0) == 2);
    CHECK(receive(s[1], 0) == 3 && (came = descriptor()) >= 0 && close(came) == 0);
    CHECK(receive(s[1], MSG_PEEK) == 6 && (came = descriptor()) >= 0 && close(came) == 0);
    CHECK(receive(s[1], 0) == 6 && memcmp(in, "defghi", 6) == 0 && (came = descriptor()) >= 0 && close(came) == 0);
    CHECK(receive(s[1], 0) == 2 && descriptor() == -1);
    // They come with the first of their bytes that is read, and a read that does not get so far leaves them.
    CHECK(send(s[0], "xy", 2, 0) == 2 && sendWith(s[0], "z12", SCM_RIGHTS, &fd, sizeof fd) == 3);
    CHECK(read(s[1], in, 2) == 2 && memcmp(in, "xy", 2) == 0);
    CHECK(receive(s[1], MSG_PEEK) == 3 && (came = descriptor()) >= 0 && close(came) == 0);
    CHECK(read(s[1], in, 1) == 1 && receive(s[1], 0) == 2 && descriptor() == -1);
    close(s[0]);
    close(s[1]);
}

// With SO_PASSCRED a read ends where the sender changes, even at bytes that nobody signed.
static void senders(void) {
    int s[2], on = 1;
    struct ucred me = {getpid(), getuid(), getgid()}, other = {getpid(), 5, 6}, who;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    CHECK(send(s[0], "ab", 2, 0) == 2 && sendWith(s[0], "c", SCM_CREDENTIALS, &me, sizeof me) == 1);
    CHECK(sendWith(s[0], "de", SCM_CREDENTIALS, &other, sizeof other) == 2 && send(s[0], "f", 1, 0) == 1);
    CHECK(receive(s[1], 0) == 3 && sender(&who) && who.pid == getpid() && who.uid == me.uid);
    CHECK(receive(s[1], 0) == 2 && sender(&who) && who.uid == 5 && who.gid == 6);
    CHECK(receive(s[1], 0) == 1 && sender(&who) && who.uid == me.uid);
    // Nobody was asked who sent what was sent before.
    int t[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, t) == 0 && send(t[0], "g", 1, 0) == 1);
    CHECK(setsockopt(t[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 && send(t[0], "h", 1, 0) == 1);
    CHECK(receive(t[1], 0) == 1 && sender(&who) && who.pid == 0 && who.uid == 65534 && who.gid == 65534);
    CHECK(receive(t[1], 0) == 1 && sender(&who) && who.pid == getpid());
    // MSG_WAITALL does not go on with another's.
    CHECK(send(t[0], "ij", 2, 0) == 2 && sendWith(t[0], "kl", SCM_CREDENTIALS, &other, sizeof other) == 2);
    CHECK(receive(t[1], MSG_WAITALL) == 2 && sender(&who) && who.uid == me.uid);
    close(t[0]);
    close(t[1]);
    me.pid = 4194000; // no process
    CHECK_ERRNO(sendWith(s[0], "x", SCM_CREDENTIALS, &me, sizeof me), ESRCH);
    me = (struct ucred){getpid(), -1, getgid()}; // no user
    CHECK_ERRNO(sendWith(s[0], "x", SCM_CREDENTIALS, &me, sizeof me), EINVAL);
    me = (struct ucred){getpid(), getuid(), -1};
    CHECK_ERRNO(sendWith(s[0], "x", SCM_CREDENTIALS, &me, sizeof me), EINVAL);
    close(s[0]);
    close(s[1]);
}

// TCP and UDP let pass what means something to AF_UNIX only, and refuse the rest.
static void others(int type) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    int l = socket(AF_INET, type, 0), c = socket(AF_INET, type, 0), s = l, fd = 0, nonsense = 4711;
    CHECK(bind(l, (struct sockaddr *)&to, length) == 0 && getsockname(l, (struct sockaddr *)&to, &length) == 0);
    CHECK(type != SOCK_STREAM || listen(l, 1) == 0);
    CHECK(connect(c, (struct sockaddr *)&to, length) == 0);
    if (type == SOCK_STREAM) CHECK((s = accept(l, NULL, NULL)) >= 0);
    CHECK(sendWith(c, "abc", SCM_RIGHTS, &fd, sizeof fd) == 3 && receive(s, 0) == 3 && descriptor() == -1);
    CHECK(sendWith(c, "abc", SCM_CREDENTIALS, &nonsense, sizeof nonsense) == 3 && receive(s, 0) == 3);
    CHECK_ERRNO(sendWith(c, "abc", nonsense, &nonsense, sizeof nonsense), EINVAL);
    close(c);
    close(l);
    if (s != l) close(s);
}

int main(void) {
    alarm(100);
    joined();
    senders();
    others(SOCK_STREAM);
    others(SOCK_DGRAM);
    return 0;
}
