// SPDX-License-Identifier: Apache-2.0
// Handlers, masks, queues, alternate stacks, faults with their siginfo, restarting, FPU state across handlers.
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

static volatile sig_atomic_t got, code, queued[8], count;
static void *volatile address;
static sigjmp_buf jump;

static void on_signal(int s) { got = s; }
static void on_info(int s, siginfo_t *info, void *context) { got = s; code = info->si_code; address = info->si_addr; (void)context; }
static void on_fault(int s, siginfo_t *info, void *context) { on_info(s, info, context); siglongjmp(jump, 1); }
static void on_queue(int s, siginfo_t *info, void *context) { (void)s; (void)context; queued[count++ & 7] = info->si_value.sival_int; }
static char alternate[65536];
static volatile int on_alternate;
static void on_stack(int s) { char here; (void)s; on_alternate = &here >= alternate && &here < alternate + sizeof alternate; }
static void clobber_fpu(int s) { double d = 1.5; for (int i = 0; i < 20; i++) d = d * 1.01 + s; got = d > 0 ? s : 0; }
static void skip(int s, siginfo_t *info, void *context) { (void)info; ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2; got = s; }

static void set(int s, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    CHECK(sigaction(s, &a, 0) == 0);
}

int main(void) {
    signal(SIGUSR1, on_signal);
    CHECK(raise(SIGUSR1) == 0 && got == SIGUSR1);
    set(SIGUSR2, on_info, 0);
    CHECK(kill(getpid(), SIGUSR2) == 0 && got == SIGUSR2 && code == SI_USER);

    // Blocked signals wait.
    sigset_t set1, old, pending;
    sigemptyset(&set1); sigaddset(&set1, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &set1, &old) == 0);
    got = 0; raise(SIGUSR1);
    CHECK(got == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    CHECK(sigprocmask(SIG_SETMASK, &old, 0) == 0 && got == SIGUSR1);

    // Real-time signals queue in order, with values.
    sigset_t rt; sigemptyset(&rt); sigaddset(&rt, SIGRTMIN);
    set(SIGRTMIN, on_queue, 0);
    CHECK(sigprocmask(SIG_BLOCK, &rt, 0) == 0);
    for (int i = 1; i <= 3; i++) CHECK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 11}) == 0);
    CHECK(sigprocmask(SIG_UNBLOCK, &rt, 0) == 0);
    CHECK(count == 3 && queued[0] == 11 && queued[1] == 22 && queued[2] == 33);

    // Waiting for one without a handler.
    CHECK(sigprocmask(SIG_BLOCK, &rt, 0) == 0);
    CHECK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5}) == 0);
    siginfo_t info; struct timespec none = {0, 0};
    CHECK(sigtimedwait(&rt, &info, &none) == SIGRTMIN && info.si_value.sival_int == 5 && info.si_code == SI_QUEUE);
    CHECK_ERRNO(sigtimedwait(&rt, &info, &none), EAGAIN);
    int fd = signalfd(-1, &rt, SFD_NONBLOCK); struct signalfd_siginfo from_fd;
    CHECK(fd >= 0); CHECK_ERRNO(read(fd, &from_fd, sizeof from_fd), EAGAIN);
    CHECK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6}) == 0);
    CHECK(read(fd, &from_fd, sizeof from_fd) == sizeof from_fd && from_fd.ssi_signo == (unsigned)SIGRTMIN && from_fd.ssi_int == 6);
    close(fd);

    // Faults.
    set(SIGSEGV, on_fault, 0); set(SIGFPE, on_fault, 0); set(SIGILL, on_fault, 0); set(SIGBUS, on_fault, 0); set(SIGTRAP, on_info, 0);
    if (!sigsetjmp(jump, 1)) { *(volatile int *)0x10 = 1; CHECK(0); }
    CHECK(got == SIGSEGV && code == SEGV_MAPERR && address == (void *)0x10);
    char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(*(volatile char *)page == 0);
    if (!sigsetjmp(jump, 1)) { *(volatile char *)(page + 5) = 1; CHECK(0); }
    CHECK(got == SIGSEGV && code == SEGV_ACCERR && address == page + 5);
    volatile int zero = 0, one = 1;
    if (!sigsetjmp(jump, 1)) { one /= zero; CHECK(0); }
    CHECK(got == SIGFPE && code == FPE_INTDIV);
    if (!sigsetjmp(jump, 1)) { __asm__ volatile("ud2"); CHECK(0); }
    CHECK(got == SIGILL && code == ILL_ILLOPN);
    __asm__ volatile("int3");
    CHECK(got == SIGTRAP);
    set(SIGILL, skip, 0); got = 0;
    __asm__ volatile("ud2");
    CHECK(got == SIGILL);
    FILE *file = tmpfile(); CHECK(file);
    char *mapped = mmap(0, 8192, PROT_READ, MAP_SHARED, fileno(file), 0); CHECK(mapped != MAP_FAILED);
    if (!sigsetjmp(jump, 1)) { (void)*(volatile char *)mapped; CHECK(0); }
    CHECK(got == SIGBUS && code == BUS_ADRERR);

    // The alternate stack.
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    CHECK(sigaltstack(&stack, 0) == 0);
    struct sigaction a = {.sa_handler = on_stack, .sa_flags = SA_ONSTACK};
    CHECK(sigaction(SIGUSR1, &a, 0) == 0);
    raise(SIGUSR1);
    CHECK(on_alternate);

    // EINTR without SA_RESTART, restart with it.
    // Again and again: the first may come before the read.
    struct itimerval timer = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000}, never = {0};
    struct sigaction alarm_action = {.sa_handler = on_signal};
    int ends[2]; char c;
    CHECK(pipe(ends) == 0 && sigaction(SIGALRM, &alarm_action, 0) == 0);
    CHECK(setitimer(ITIMER_REAL, &timer, 0) == 0);
    CHECK_ERRNO(read(ends[0], &c, 1), EINTR);
    CHECK(setitimer(ITIMER_REAL, &never, 0) == 0 && got == SIGALRM);
    alarm_action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &alarm_action, 0) == 0);
    got = 0;
    pid_t child = fork();
    if (!child) {
        asleep(getppid());
        CHECK(kill(getppid(), SIGALRM) == 0);
        _exit(write(ends[1], "x", 1) != 1);
    }
    CHECK(read(ends[0], &c, 1) == 1 && c == 'x' && got == SIGALRM);
    CHECK(waitpid(child, 0, 0) == child);

    // Floating point and vector registers survive a handler.
    struct sigaction fpu = {.sa_handler = clobber_fpu};
    CHECK(sigaction(SIGUSR2, &fpu, 0) == 0);
    double x = 3.25, y = 0; long tag = 0x1122334455667788;
    __asm__ volatile("movq %2, %%xmm9\n\tmovsd %1, %%xmm8\n\tmov $62, %%eax\n\tsyscall\n\tmovsd %%xmm8, %0\n\tmovq %%xmm9, %2"
        : "=m"(y), "+m"(x), "+r"(tag) : "D"((long)getpid()), "S"((long)SIGUSR2) : "rax", "rcx", "r11", "xmm8", "xmm9", "memory");
    CHECK(y == 3.25 && tag == 0x1122334455667788);

    // A blocked fault kills.
    child = fork();
    if (!child) { sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); *(volatile int *)0 = 1; _exit(0); }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    CHECK_ERRNO(kill(999999, 0), ESRCH);
    CHECK_ERRNO(sigaction(SIGKILL, &a, 0), EINVAL);
    return 0;
}
