// SPDX-License-Identifier: Apache-2.0
// What the CPU raises becomes the right signal (sigaction(2)), and its registers live through handlers, whatever those do.
#include "check.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

enum { DIVIDE = 0, BREAKPOINT = 3, INVALID_OPCODE = 6, GENERAL_PROTECTION = 13, PAGE_FAULT = 14 };

static sigjmp_buf back;
static siginfo_t got;
static long vector;
static volatile int number;

static void caught(int signal, siginfo_t *info, void *context) {
    (void)signal;
    got = *info;
    vector = ((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO];
    siglongjmp(back, 1);
}

#define RAISES(statement, signal, code, address, trap) do { \
    if (sigsetjmp(back, 1) == 0) { statement; CHECK(!"nothing was raised by " #statement); } \
    CHECK(got.si_signo == (signal) && got.si_code == (code) && vector == (trap)); \
    if ((address) != (void *)-1) CHECK(got.si_addr == (address)); } while (0)

static void exceptions(void) {
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGTRAP};
    for (int i = 0; i < 5; i++) sigaction(signals[i], &action, 0);
    void *anywhere = (void *)-1;
    RAISES(number = 10 / number, SIGFPE, FPE_INTDIV, anywhere, DIVIDE);
    RAISES(__asm__ volatile("ud2"), SIGILL, ILL_ILLOPN, anywhere, INVALID_OPCODE);
    RAISES(__asm__ volatile("int3"), SIGTRAP, SI_KERNEL, (void *)0, BREAKPOINT);
    RAISES(__asm__ volatile("hlt"), SIGSEGV, SI_KERNEL, (void *)0, GENERAL_PROTECTION);
    RAISES(*(volatile char *)0x8000000000000000ull = 1, SIGSEGV, SI_KERNEL, (void *)0, GENERAL_PROTECTION);
    RAISES(*(volatile int *)8 = 1, SIGSEGV, SEGV_MAPERR, (void *)8, PAGE_FAULT);
    char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    number = *page;
    RAISES(*(volatile char *)(page + 5) = 1, SIGSEGV, SEGV_ACCERR, page + 5, PAGE_FAULT);
    RAISES(((void (*)(void))page)(), SIGSEGV, SEGV_ACCERR, page, PAGE_FAULT);
    int file = memfd_create("short", 0);
    CHECK(file >= 0 && ftruncate(file, 4096) == 0);
    char *mapped = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    RAISES(mapped[4096] = 1, SIGBUS, BUS_ADRERR, mapped + 4096, PAGE_FAULT);
    close(file);
    for (int i = 0; i < 5; i++) signal(signals[i], SIG_DFL);
}

static int deeper(int n) {
    volatile char room[4096];
    room[0] = (char)n;
    return n == 0 ? 0 : deeper(n + 1) + room[0];
}

// The handler of a stack overflow needs another stack, each time anew.
static void stack_overflow(void) {
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, now;
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK(sigaltstack(&stack, 0) == 0);
    sigaction(SIGSEGV, &action, 0);
    for (int i = 0; i < 2; i++) {
        if (sigsetjmp(back, 1) == 0) {
            number = deeper(1);
            CHECK(!"the stack has no end");
        }
        CHECK(got.si_signo == SIGSEGV);
    }
    CHECK(sigaltstack(0, &now) == 0 && now.ss_sp == alternate && now.ss_flags == 0);
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, 0) == 0);
    signal(SIGSEGV, SIG_DFL);
}

static volatile int ticks;

// Leaves other values in vector registers, and another x87 control word.
static void disturb(int signal) {
    ticks++;
    uint64_t junk[2] __attribute__((aligned(16))) = {(uint64_t)signal * 77, (uint64_t)ticks};
    unsigned short control = 0x27f;
    __asm__ volatile("movdqa %0, %%xmm0\n movdqa %0, %%xmm7\n movdqa %0, %%xmm15\n fldcw %1"
                     : : "m"(junk), "m"(control) : "xmm0", "xmm7", "xmm15");
}

static void *keep_vectors(void *argument) {
    uint64_t in[4] __attribute__((aligned(32))), out[4] __attribute__((aligned(32)));
    unsigned short before, after;
    for (int i = 0; i < 4; i++) in[i] = 0x1111111111111111ull * (uint64_t)(i + 1 + (intptr_t)argument);
    for (int round = 0; round < 300; round++) {
        __asm__ volatile("fnstcw %1\n vmovdqa %3, %%ymm15\n mov $20000, %%ecx\n 1: dec %%ecx\n jnz 1b\n vmovdqa %%ymm15, %0\n fnstcw %2"
                         : "=m"(out), "=m"(before), "=m"(after) : "m"(in) : "ecx", "xmm15");
        CHECK(memcmp(in, out, sizeof in) == 0 && before == after);
    }
    return 0;
}

static void registers_live_through_handlers(void) {
    if (!__builtin_cpu_supports("avx")) return;
    struct sigaction action = {.sa_handler = disturb, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}}, old;
    int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
    for (int which = 0; which < 3; which++) {
        sigaction(signals[which], &action, 0);
        ticks = 0;
        CHECK(setitimer(which, &often, 0) == 0);
        pthread_t threads[3];
        for (intptr_t i = 0; i < 3; i++) pthread_create(&threads[i], 0, keep_vectors, (void *)i);
        keep_vectors((void *)9);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
        while (ticks < 2) getppid();
        CHECK(setitimer(which, &never, &old) == 0 && old.it_interval.tv_usec == 1000);
    }
}

int main(void) {
    exceptions();
    stack_overflow();
    registers_live_through_handlers();
    return 0;
}
