// SPDX-License-Identifier: Apache-2.0
// Stopping and continuing processes with threads, orphaned process groups, calls that restart: signal(7), wait(2), setpgid(2).
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static volatile int *counter;

static void *count_up(void *unused) {
    for (;;) __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
    return unused;
}

static void threads_stop_together(void) {
    counter = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++) pthread_create(&thread, 0, count_up, 0);
        pause();
        _exit(9);
    }
    while (*counter < 1000) sched_yield();
    int status;
    siginfo_t info = {0};
    CHECK(kill(child, SIGSTOP) == 0);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    int before = *counter;
    usleep(50000);
    CHECK(*counter == before);
    // A stop is reported once.
    CHECK(waitid(P_PID, child, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == 0);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitid(P_PID, child, &info, WCONTINUED | WNOWAIT) == 0);
    CHECK(info.si_code == CLD_CONTINUED && info.si_pid == child && info.si_status == SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    while (*counter == before) sched_yield();
    // What would kill it has to wait until it runs again.
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    CHECK(kill(child, SIGTERM) == 0);
    usleep(20000);
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

// The child of a session's leader leads a process group, and ends while its own child in that group is stopped.
static void orphaned_groups_are_hung_up(void) {
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    pid_t session = fork();
    if (session == 0) {
        setsid();
        if (fork() == 0) {
            setpgid(0, 0);
            pid_t stopped = fork();
            if (stopped == 0) {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGHUP);
                sigprocmask(SIG_BLOCK, &set, 0);
                raise(SIGSTOP);
                sigpending(&set);
                char hung_up = sigismember(&set, SIGHUP) ? 'y' : 'n';
                CHECK(write(pipes[1], &hung_up, 1) == 1);
                _exit(0);
            }
            waitpid(stopped, 0, WUNTRACED);
            _exit(0);
        }
        wait(0);
        _exit(0);
    }
    char hung_up;
    CHECK(waitpid(session, 0, 0) == session);
    CHECK(read(pipes[0], &hung_up, 1) == 1 && hung_up == 'y');
    close(pipes[0]);
    close(pipes[1]);
}

static void orphaned_groups_do_not_stop(void) {
    pid_t child = fork();
    if (child == 0) {
        setsid();
        raise(SIGTSTP);
        _exit(3);
    }
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void nothing(int signal) { (void)signal; }

static void interrupt_me_soon(void) {
    if (fork() == 0) {
        usleep(30000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
}

static void reads_restart(void) {
    int pipes[2];
    char byte;
    CHECK(pipe(pipes) == 0);
    for (int restart = 0; restart < 2; restart++) {
        struct sigaction action = {.sa_handler = nothing, .sa_flags = restart ? SA_RESTART : 0};
        sigaction(SIGUSR1, &action, 0);
        pid_t child = fork();
        if (child == 0) {
            usleep(30000);
            kill(getppid(), SIGUSR1);
            usleep(30000);
            CHECK(write(pipes[1], "z", 1) == 1);
            _exit(0);
        }
        if (!restart) CHECK_ERRNO(read(pipes[0], &byte, 1), EINTR);
        CHECK(read(pipes[0], &byte, 1) == 1);
        CHECK(waitpid(child, 0, 0) == child);
    }
    // A wait with a limit does not restart, whatever the handler says.
    interrupt_me_soon();
    struct pollfd nobody = {pipes[0], POLLIN, 0};
    CHECK_ERRNO(poll(&nobody, 1, 5000), EINTR);
    CHECK(wait(0) > 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void sleeps_tell_what_is_left(void) {
    struct timespec second = {1, 0}, left = {0, 0};
    interrupt_me_soon();
    CHECK_ERRNO(nanosleep(&second, &left), EINTR);
    CHECK(left.tv_sec == 0 && left.tv_nsec > 300000000);
    while (wait(0) > 0) { }
}

// A stop is no reason to sleep longer, or to be told of.
static void sleeps_go_on_after_a_stop(void) {
    pid_t child = fork();
    if (child == 0) {
        struct timespec before, after, wanted = {0, 300000000};
        clock_gettime(CLOCK_MONOTONIC, &before);
        CHECK(nanosleep(&wanted, 0) == 0);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
        CHECK(ms >= 300);
        _exit(0);
    }
    int status;
    usleep(50000);
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    usleep(50000);
    CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void) {
    threads_stop_together();
    orphaned_groups_are_hung_up();
    orphaned_groups_do_not_stop();
    reads_restart();
    sleeps_tell_what_is_left();
    sleeps_go_on_after_a_stop();
    return 0;
}
