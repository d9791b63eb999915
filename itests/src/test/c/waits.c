// SPDX-License-Identifier: Apache-2.0
// What is waited for and a signal come together: the wait ends as it was meant to. wait(2), nanosleep(2), futex(2), flock(2), read(2).
#include "check.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 60

static void ignore(int signal) {}

static void handle(int signal) {
    struct sigaction action = {.sa_handler = ignore}; // without SA_RESTART
    CHECK(sigaction(signal, &action, 0) == 0);
}

static pid_t child_with(int exit_signal) {
    return syscall(SYS_clone, exit_signal, 0, 0, 0, 0, 0);
}

// The child's end and the signal of it: wait(2) tells of the child, whatever handler runs.
static void of_a_child(int exit_signal, int options) {
    handle(exit_signal);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = child_with(exit_signal);
        if (child == 0) {
            usleep(i * 50);
            _exit(i);
        }
        int status;
        if (i & 1) {
            CHECK(waitpid(child, &status, options) == child && WIFEXITED(status) && WEXITSTATUS(status) == i);
        } else {
            siginfo_t info;
            CHECK(waitid(P_PID, child, &info, WEXITED | options) == 0 && info.si_pid == child && info.si_status == i);
        }
    }
}

static void of_a_stop(void) {
    handle(SIGCHLD);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = fork();
        if (child == 0) {
            usleep(i * 50);
            raise(SIGSTOP);
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        kill(child, SIGKILL);
        CHECK(waitpid(child, &status, 0) == child);
    }
}

// Who has ended neither stops nor goes on any more: there is nobody to wait for.
static void of_none(void) {
    signal(SIGCHLD, SIG_DFL);
    siginfo_t info;
    pid_t child = fork();
    if (child == 0) {
        _exit(3);
    }
    CHECK(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
    CHECK_ERRNO(waitid(P_PID, child, &info, WCONTINUED), ECHILD);
    CHECK_ERRNO(waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG), ECHILD);
    CHECK(waitpid(child, 0, 0) == child);
    child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(3);
    }
    info.si_pid = 7;
    CHECK(waitid(P_PID, child, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == 0);
    CHECK_ERRNO(waitid(P_PID, child, &info, WSTOPPED), ECHILD);
    CHECK(waitpid(child, 0, 0) == child);
}

// A child does something that ends the parent's wait, and then signals it: the wait has come to its end before.
static pid_t child_that(void (*acts)(void *), void *argument) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        usleep(3000);
        acts(argument);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    return child;
}

static void end(pid_t child) {
    int status;
    pid_t waited;
    // Its signal may come only now.
    while ((waited = waitpid(child, &status, 0)) < 0 && errno == EINTR) {}
    CHECK(waited == child && status == 0);
}

static void write_byte(void *fd) {
    CHECK(write(*(int *)fd, "x", 1) == 1);
}

static void unlock(void *fd) {
    CHECK(flock(*(int *)fd, LOCK_UN) == 0);
}

static void wake(void *word) {
    *(volatile int *)word = 1;
    syscall(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

static void of_data_locks_and_futexes(void) {
    handle(SIGUSR1);
    signal(SIGCHLD, SIG_DFL);
    int *word = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char name[] = "/tmp/jvisor-waits-XXXXXX";
    int held = mkstemp(name);
    CHECK(held >= 0);
    int wanted = open(name, O_RDWR);
    CHECK(wanted >= 0 && unlink(name) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        int ends[2];
        char byte;
        CHECK(pipe(ends) == 0);
        pid_t child = child_that(write_byte, &ends[1]);
        CHECK(read(ends[0], &byte, 1) == 1);
        end(child);
        close(ends[0]);
        close(ends[1]);

        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        child = child_that(write_byte, &ends[1]);
        struct pollfd poller = {ends[0], POLLIN, 0};
        CHECK(poll(&poller, 1, PATIENCE) == 1);
        end(child);
        close(ends[0]);
        close(ends[1]);

        CHECK(flock(held, LOCK_EX) == 0);
        child = child_that(unlock, &held);
        CHECK(flock(wanted, LOCK_EX) == 0);
        end(child);
        CHECK(flock(wanted, LOCK_UN) == 0);

        *word = 0;
        child = child_that(wake, word);
        CHECK(syscall(SYS_futex, word, FUTEX_WAIT, 0, 0, 0, 0) == 0 || errno == EAGAIN);
        end(child);
    }
}

static void of_a_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, 0) == 0);
    handle(SIGUSR1);
    pid_t parent = getpid();
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = fork();
        if (child == 0) {
            usleep(2000);
            kill(parent, SIGUSR2);
            kill(parent, SIGUSR1);
            _exit(0);
        }
        CHECK(sigwaitinfo(&set, 0) == SIGUSR2);
        end(child);
    }
}

int main(void) {
    of_a_child(SIGCHLD, 0);
    of_a_child(SIGUSR2, __WALL);
    of_a_stop();
    of_none();
    of_data_locks_and_futexes();
    of_a_signal();
    return 0;
}
