// A descriptor that is received with no byte of its message is received once (unix(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what) do { if (!(what)) { printf("line %d: %s, errno %d\n", __LINE__, #what, errno); exit(1); } } while (0)

union control { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; };

static void send_descriptor(int socket, int fd) {
    union control control = {0};
    struct iovec data = {"xy", 2};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    CHECK(sendmsg(socket, &message, 0) == 2);
}

static int receive_descriptor(int socket, size_t length, ssize_t expected) {
    union control control = {0};
    char buffer[8];
    struct iovec data = {buffer, length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    CHECK(recvmsg(socket, &message, 0) == expected);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    }
    return fd;
}

int main(void) {
    int pair[2], pipes[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(pipe(pipes) == 0);
    send_descriptor(pair[0], pipes[1]);
    CHECK(close(pipes[1]) == 0);
    char none;
    CHECK(read(pair[1], &none, 0) == 0);
    int first = receive_descriptor(pair[1], 0, 0);
    CHECK(first >= 0);
    CHECK(receive_descriptor(pair[1], 8, 2) == -1);
    CHECK(close(first) == 0);
    CHECK(read(pipes[0], &none, 1) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return 0;
}
