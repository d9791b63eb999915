// A server that accepts as fast as it can meets connections that stand: what it reads, writes and closes reaches the client.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(what) do { if (!(what)) { printf("line %d: %s, errno %d\n", __LINE__, #what, errno); exit(1); } } while (0)
enum { CLIENTS = 4, ROUNDS = 3000 };

static struct sockaddr_in address = {.sin_family = AF_INET};
static int listener;

static void *serve(void *unused) {
    for (int i = 0; i < CLIENTS * ROUNDS; i++) {
        int fd;
        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0) {
            CHECK(errno == EAGAIN);
        }
        char byte;
        ssize_t n = read(fd, &byte, 1);
        CHECK(n == 1 || n == 0 || (n < 0 && errno == EAGAIN));
        CHECK(write(fd, "x", 1) == 1);
        CHECK(close(fd) == 0);
    }
    return unused;
}

static void *connect_often(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0);
        CHECK(connect(fd, (struct sockaddr *) &address, sizeof address) == 0);
        char bytes[2];
        CHECK(read(fd, bytes, 2) == 1);
        CHECK(read(fd, bytes, 2) == 0);
        CHECK(close(fd) == 0);
    }
    return unused;
}

int main(void) {
    alarm(300);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener, (struct sockaddr *) &address, sizeof address) == 0);
    socklen_t length = sizeof address;
    CHECK(getsockname(listener, (struct sockaddr *) &address, &length) == 0);
    CHECK(listen(listener, 128) == 0);
    pthread_t server, clients[CLIENTS];
    CHECK(pthread_create(&server, NULL, serve, NULL) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(pthread_create(&clients[i], NULL, connect_often, NULL) == 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], NULL);
    }
    pthread_join(server, NULL);
    return 0;
}
