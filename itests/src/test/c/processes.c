// SPDX-License-Identifier: Apache-2.0
// fork(2), vfork(2), execve(2), wait4(2), waitid(2), process groups, sessions, orphans.
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int reap(pid_t pid) { int status; CHECK(waitpid(pid, &status, 0) == pid); return status; }

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "child")) return getenv("NAME") && !strcmp(getenv("NAME"), "value") && argc == 3 ? 42 : 1;
    int status;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (!pid) _exit(7);
    status = reap(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_ERRNO(waitpid(-1, &status, 0), ECHILD);
    CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
    CHECK_ERRNO(waitpid(-1, &status, 0x40), EINVAL);

    // Memory is copied on write, in both directions.
    static int shared_before = 1;
    int *private = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(private != MAP_FAILED && shared != MAP_FAILED);
    for (int i = 0; i < 1 << 18; i += 512) private[i] = i;
    pid = fork();
    if (!pid) {
        for (int i = 0; i < 1 << 18; i += 512) { if (private[i] != i) _exit(1); private[i] = -i; }
        shared_before = 2; *shared = 77; _exit(0);
    }
    CHECK(reap(pid) == 0);
    for (int i = 0; i < 1 << 18; i += 512) CHECK(private[i] == i);
    CHECK(shared_before == 1 && *shared == 77);

    // vfork and exec, with environment and arguments.
    pid = vfork();
    if (!pid) { char *args[] = {argv[0], "child", "two words", 0}, *env[] = {"NAME=value", 0}; execve("/proc/self/exe", args, env); _exit(127); }
    status = reap(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    CHECK_ERRNO(execl("/nonexistent", "x", (char *)0), ENOENT);
    CHECK_ERRNO(execl("/etc/passwd", "x", (char *)0), EACCES);
    CHECK_ERRNO(execl("/", "x", (char *)0), EACCES);

    // Killed by a signal; waitid leaves and takes.
    pid = fork();
    if (!pid) { for (;;) pause(); }
    CHECK(kill(pid, SIGTERM) == 0);
    siginfo_t info;
    CHECK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM && info.si_signo == SIGCHLD);
    struct rusage usage;
    CHECK(wait4(pid, &status, 0, &usage) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);

    // Stop and continue.
    pid = fork();
    if (!pid) { for (;;) pause(); }
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0);
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(WTERMSIG(reap(pid)) == SIGKILL);

    // Groups and sessions.
    pid = fork();
    if (!pid) {
        if (setsid() != getpid() || getpgrp() != getpid() || getsid(0) != getpid()) _exit(1);
        if (setpgid(0, 0) != -1 || errno != EPERM) _exit(2);
        pid_t inner = fork();
        if (!inner) { if (setpgid(0, 0) || getpgrp() != getpid()) _exit(3); _exit(0); }
        int s; if (waitpid(inner, &s, 0) != inner || s) _exit(4);
        _exit(0);
    }
    CHECK(reap(pid) == 0);
    CHECK_ERRNO(setpgid(pid, pid), ESRCH);
    CHECK_ERRNO(getpgid(pid), ESRCH);

    // Orphans come to a subreaper.
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    int pipe_ends[2]; char c;
    CHECK(pipe(pipe_ends) == 0);
    pid = fork();
    if (!pid) { if (!fork()) { pid_t me = getpid(); while (getppid() == pid) sched_yield(); if (write(pipe_ends[1], &me, sizeof me) != sizeof me) _exit(1); _exit(5); } _exit(0); }
    CHECK(reap(pid) == 0);
    pid_t orphan;
    CHECK(read(pipe_ends[0], &orphan, sizeof orphan) == sizeof orphan);
    status = reap(orphan);
    CHECK(WEXITSTATUS(status) == 5);
    close(pipe_ends[0]); close(pipe_ends[1]);

    // SIGCHLD ignored: no zombies.
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (!pid) _exit(0);
    CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
    signal(SIGCHLD, SIG_DFL);
    c = 0; (void)c;
    CHECK_ERRNO(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0), EINVAL);
    return 0;
}
