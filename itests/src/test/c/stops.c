// SPDX-License-Identifier: Apache-2.0
// Stopping and continuing processes with threads, orphaned process groups, calls that restart: signal(7), wait(2), setpgid(2).
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
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

static int said[2];

// Stops, and says once it goes on whether it has been hung up.
static void stop_and_say(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGSTOP);
    sigpending(&set);
    char hung_up = sigismember(&set, SIGHUP) ? 'y' : 'n';
    CHECK(write(said[1], &hung_up, 1) == 1);
    _exit(0);
}

static pid_t stopped_child(pid_t group, int new_session) {
    pid_t child = fork();
    if (child == 0) {
        if (new_session) setsid();
        else if (group >= 0) setpgid(0, group);
        stop_and_say();
    }
    if (!new_session && group >= 0) setpgid(child, group);
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    return child;
}

static void is_not_hung_up(pid_t stopped) {
    char answer;
    usleep(20000);
    CHECK(kill(stopped, SIGCONT) == 0);
    CHECK(read(said[0], &answer, 1) == 1 && answer == 'n');
}

static pid_t exiting(void) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    return child;
}

// Only a group that becomes orphaned is hung up: not one that was it before, nor one that somebody else still cares for.
static void other_groups_are_left_alone(void) {
    CHECK(pipe(said) == 0);
    pid_t session = fork();
    if (session == 0) {
        setsid();
        // A session's first group is an orphan from the beginning, whoever of it ends.
        pid_t stopped = stopped_child(-1, 0), other = exiting();
        CHECK(waitpid(other, 0, 0) == other);
        is_not_hung_up(stopped);
        CHECK(waitpid(stopped, 0, 0) == stopped);

        // So is another session's, when its leader's parent ends.
        int ids[2];
        CHECK(pipe(ids) == 0);
        pid_t parent = fork();
        if (parent == 0) {
            setpgid(0, 0);
            stopped = stopped_child(-1, 1);
            CHECK(write(ids[1], &stopped, sizeof stopped) == sizeof stopped);
            _exit(0);
        }
        CHECK(waitpid(parent, 0, 0) == parent && read(ids[0], &stopped, sizeof stopped) == sizeof stopped);
        is_not_hung_up(stopped);

        // A group with members of two parents, of which one stays.
        pid_t leader = fork();
        if (leader == 0) { setpgid(0, 0); pause(); }
        setpgid(leader, leader);
        parent = fork();
        if (parent == 0) {
            stopped = stopped_child(leader, 0);
            CHECK(write(ids[1], &stopped, sizeof stopped) == sizeof stopped);
            _exit(0);
        }
        CHECK(waitpid(parent, 0, 0) == parent && read(ids[0], &stopped, sizeof stopped) == sizeof stopped);
        is_not_hung_up(stopped);
        CHECK(kill(leader, SIGKILL) == 0 && waitpid(leader, 0, 0) == leader);
        _exit(0);
    }
    int status;
    CHECK(waitpid(session, &status, 0) == session && status == 0);
    close(said[0]);
    close(said[1]);
}

// A session's leader ends: the foreground job of its terminal is told, and the terminal is nobody's, but goes on.
static void sessions_end(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY), out[2], in[2];
    CHECK(slave >= 0 && pipe(out) == 0 && pipe(in) == 0);
    pid_t leader = fork();
    if (leader == 0) {
        setsid();
        CHECK(ioctl(slave, TIOCSCTTY, 0) == 0);
        if (fork() == 0) {
            sigset_t set;
            siginfo_t info;
            char byte;
            setpgid(0, 0);
            sigemptyset(&set);
            sigaddset(&set, SIGHUP);
            sigaddset(&set, SIGCONT);
            sigaddset(&set, SIGTTOU);
            sigprocmask(SIG_BLOCK, &set, 0);
            CHECK(tcsetpgrp(slave, getpgrp()) == 0);
            CHECK(write(out[1], "r", 1) == 1);
            sigdelset(&set, SIGTTOU);
            CHECK(sigwaitinfo(&set, &info) == SIGHUP && info.si_code == SI_KERNEL);
            CHECK(write(out[1], "h", 1) == 1 && read(in[0], &byte, 1) == 1);
            sigpending(&set);
            CHECK(!sigismember(&set, SIGCONT));
            CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
            CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
            CHECK(write(slave, "still", 5) == 5);
            CHECK(write(out[1], "w", 1) == 1);
            _exit(0);
        }
        char ready;
        CHECK(read(out[0], &ready, 1) == 1);
        _exit(0);
    }
    char byte, text[8];
    CHECK(waitpid(leader, 0, 0) == leader);
    CHECK(read(out[0], &byte, 1) == 1 && byte == 'h');
    usleep(20000);
    CHECK(write(in[1], "x", 1) == 1 && read(out[0], &byte, 1) == 1 && byte == 'w');
    CHECK(read(master, text, 8) == 5 && memcmp(text, "still", 5) == 0);
    close(master);
    close(slave);
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
        asleep(getppid());
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
}

static void reads_restart(void) {
    int pipes[2], interrupted[2];
    char byte;
    CHECK(pipe(pipes) == 0 && pipe(interrupted) == 0);
    for (int restart = 0; restart < 2; restart++) {
        struct sigaction action = {.sa_handler = nothing, .sa_flags = restart ? SA_RESTART : 0};
        sigaction(SIGUSR1, &action, 0);
        pid_t child = fork();
        if (child == 0) {
            asleep(getppid());
            kill(getppid(), SIGUSR1);
            // Not before the read has come to its end: what is there would be taken.
            if (!restart) CHECK(read(interrupted[0], &byte, 1) == 1);
            CHECK(write(pipes[1], "z", 1) == 1);
            _exit(0);
        }
        if (!restart) {
            CHECK_ERRNO(read(pipes[0], &byte, 1), EINTR);
            CHECK(write(interrupted[1], "x", 1) == 1);
        }
        CHECK(read(pipes[0], &byte, 1) == 1);
        CHECK(waitpid(child, 0, 0) == child);
    }
    // A wait with a limit does not restart, whatever the handler says.
    interrupt_me_soon();
    struct pollfd nobody = {pipes[0], POLLIN, 0};
    CHECK_ERRNO(poll(&nobody, 1, PATIENCE), EINTR);
    CHECK(wait(0) > 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void sleeps_tell_what_is_left(void) {
    struct timespec long_enough = {1000, 0}, left = {0, 0};
    interrupt_me_soon();
    CHECK_ERRNO(nanosleep(&long_enough, &left), EINTR);
    CHECK(left.tv_sec >= 100 && left.tv_sec <= 1000);
    while (wait(0) > 0) { }
}

// A stop is no reason to sleep longer, or to be told of.
static void sleeps_go_on_after_a_stop(void) {
    // A busy machine may let the sleep pass before the stop: then it is a longer one's turn.
    for (long wanted_ms = 300;; wanted_ms *= 2) {
        pid_t child = fork();
        if (child == 0) {
            struct timespec before, after, wanted = {wanted_ms / 1000, wanted_ms % 1000 * 1000000};
            clock_gettime(CLOCK_MONOTONIC, &before);
            CHECK(nanosleep(&wanted, 0) == 0);
            clock_gettime(CLOCK_MONOTONIC, &after);
            CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= wanted_ms);
            _exit(0);
        }
        int status;
        asleep(child);
        CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
        if (!WIFSTOPPED(status)) {
            CHECK(status == 0);
            continue;
        }
        usleep(50000);
        CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, 0) == child && status == 0);
        return;
    }
}

int main(void) {
    threads_stop_together();
    orphaned_groups_are_hung_up();
    orphaned_groups_do_not_stop();
    other_groups_are_left_alone();
    sessions_end();
    reads_restart();
    sleeps_tell_what_is_left();
    sleeps_go_on_after_a_stop();
    return 0;
}
