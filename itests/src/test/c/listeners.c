// SPDX-License-Identifier: Apache-2.0
// Listeners come and go while others connect to them.
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { ROUNDS = 20000, CLIENTS = 3 };

// One process opens and closes a listener, others connect to its name meanwhile: all of them come to an end.
static void opened(const struct sockaddr *name, socklen_t length) {
    atomic_int *over = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(over != MAP_FAILED);
    pid_t clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        CHECK((clients[i] = fork()) >= 0);
        if (clients[i] == 0) {
            while (!*over) {
                int s = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
                CHECK(s >= 0);
                connect(s, name, length);
                close(s);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        int on = 1, s = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(s >= 0 && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
        if (bind(s, name, length) == 0) CHECK(listen(s, 5) == 0);
        close(s);
    }
    *over = 1;
    for (int i = 0; i < CLIENTS; i++) {
        int status;
        CHECK(waitpid(clients[i], &status, 0) == clients[i] && status == 0);
    }
    munmap(over, 4096);
}

int main(void) {
    alarm(PATIENCE / 1000);
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_port = htons(23456), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {AF_UNIX, "\0listeners.c"};
    opened((struct sockaddr *)&inet, sizeof inet);
    opened((struct sockaddr *)&local, sizeof local);
    return 0;
}
