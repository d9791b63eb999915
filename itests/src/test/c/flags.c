// SPDX-License-Identifier: Apache-2.0
// What a program sets in its flags register stays its own: across system calls, page faults, forks and signals (but for NT, which
// Linux drops), and no call or fault goes wrong because of it. An unaligned access with the alignment-check flag set is SIGBUS.
#include "check.h"
#include <signal.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#define TRAP 0x100UL
#define DIRECTION 0x400UL
#define NESTED 0x4000UL
#define ALIGNMENT 0x40000UL
#define PAGES 64

static char *pages;
static char *unaligned;
static volatile int signals, code, at_start;
static void *volatile address;
static volatile unsigned long flags_at_entry;

// The compiler's code may access memory as it likes, so flags are set around single instructions only.
#define SET "pushfq; orq %[flag], (%%rsp); popfq;"
#define GET "pushfq; popq %[found];"
#define CLEAR "pushfq; andq %[rest], (%%rsp); popfq;"
#define FLAGS(flag_) [flag] "r"(flag_), [rest] "r"(~(flag_))

// A system call with a flag set; the flags behind it. The red zone is not to be pushed over.
static long call(unsigned long flag, unsigned long *found, long number, long a, long b, long c, long d) {
    long result = number;
    unsigned long after;
    register long r10 asm("r10") = d;
    asm volatile("subq $128, %%rsp;" SET "syscall;" GET CLEAR "addq $128, %%rsp"
        : "+a"(result), [found] "=&r"(after) : "D"(a), "S"(b), "d"(c), "r"(r10), FLAGS(flag) : "rcx", "r11", "memory", "cc");
    *found = after | (flag & NESTED);
    return result;
}

static void caught(int number, siginfo_t *info, void *context) {
    ucontext_t *c = context;
    asm volatile("pushfq; popq %0" : "=r"(flags_at_entry));
    signals++;
    code = info->si_code;
    address = info->si_addr;
    at_start |= number == SIGTRAP && info->si_code != TRAP_TRACE;
    if (number == SIGBUS) c->uc_mcontext.gregs[REG_EFL] &= ~ALIGNMENT;
}

static void catch(int number) {
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(number, &action, 0) == 0);
}

static void unaligned_access(void) {
    catch(SIGBUS);
    long value;
    unsigned long found;
    for (int i = 0; i < 10; i++) {
        signals = 0;
        asm volatile("subq $128, %%rsp;" SET "movq (%[at]), %[value];" GET CLEAR "addq $128, %%rsp"
            : [value] "=&r"(value), [found] "=&r"(found) : [at] "r"(unaligned), FLAGS(ALIGNMENT) : "memory", "cc");
        CHECK(signals == 1 && code == BUS_ADRALN && address == 0);
        CHECK((found & ALIGNMENT) == 0);
    }
    // Without a handler it is the end.
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        asm volatile("subq $128, %%rsp;" SET "movq (%[at]), %[value]" : [value] "=&r"(value)
            : [at] "r"(unaligned), FLAGS(ALIGNMENT) : "memory", "cc");
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

// Aligned accesses to pages that are not there yet, read and written, after a fork too.
static void faults(unsigned long flag) {
    for (int i = 0; i < PAGES; i++) {
        unsigned long found;
        long value;
        asm volatile("subq $128, %%rsp;" SET "movq (%[at]), %[value]; incq %[value]; movq %[value], (%[at]);" GET CLEAR
            "addq $128, %%rsp" : [value] "=&r"(value), [found] "=&r"(found)
            : [at] "r"(pages + i * 4096), FLAGS(flag) : "memory", "cc");
        CHECK(((found | NESTED) & flag) == flag);
    }
}

static void calls(unsigned long flag) {
    unsigned long found;
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 20; i++) {
        CHECK(call(flag, &found, SYS_getpid, 0, 0, 0, 0) == getpid() && (found & flag) == flag);
        // Buffers and structures that are not aligned are the kernel's to cope with.
        CHECK(call(flag, &found, SYS_write, ends[1], (long)unaligned, 100, 0) == 100 && (found & flag) == flag);
        CHECK(call(flag, &found, SYS_read, ends[0], (long)unaligned, 100, 0) == 100 && (found & flag) == flag);
        CHECK(call(flag, &found, SYS_clock_gettime, 1, (long)unaligned, 0, 0) == 0 && (found & flag) == flag);
        pages = (char *)call(flag, &found, SYS_mremap, (long)pages, PAGES * 4096, PAGES * 4096, 0);
        CHECK((found & flag) == flag);
        CHECK(call(flag, &found, SYS_madvise, (long)pages, PAGES * 4096, MADV_DONTNEED, 0) == 0 && (found & flag) == flag);
        faults(flag);
        CHECK(call(flag, &found, SYS_mprotect, (long)pages, PAGES * 4096, PROT_READ, 0) == 0 && (found & flag) == flag);
        CHECK(call(flag, &found, SYS_mprotect, (long)pages, PAGES * 4096, PROT_READ | PROT_WRITE, 0) == 0);
        CHECK((found & flag) == flag);
        long child = call(flag, &found, SYS_fork, 0, 0, 0, 0);
        if (child == 0) {
            int wrong = (found & flag) != flag;
            faults(flag);
            _exit(wrong);
        }
        faults(flag);
        int status;
        CHECK((found & flag) == flag && waitpid(child, &status, 0) == child && status == 0);
    }
    close(ends[0]);
    close(ends[1]);
}

// A handler begins without DF and TF; what the program had set is there again after it.
static void handler(unsigned long flag) {
    unsigned long found;
    catch(SIGUSR1);
    signals = 0;
    CHECK(call(flag, &found, SYS_kill, getpid(), SIGUSR1, 0, 0) == 0 && signals == 1);
    CHECK((found & flag) == flag && (flags_at_entry & (DIRECTION | TRAP)) == 0);
}

// Each instruction traps, and a system call among them gives the right result.
static void single_steps(void) {
    catch(SIGTRAP);
    unsigned long found;
    long pid = getpid();
    for (int i = 0; i < 20; i++) {
        signals = 0;
        long result;
        asm volatile("subq $128, %%rsp;" SET "nop; nop; nop;" CLEAR "nop; addq $128, %%rsp"
            : "=a"(result) : FLAGS(TRAP) : "memory", "cc");
        CHECK(signals == 6 && code == TRAP_TRACE && !at_start);
        signals = 0;
        CHECK(call(TRAP, &found, SYS_getpid, 0, 0, 0, 0) == pid);
        CHECK(signals >= 4 && signals <= 6 && code == TRAP_TRACE && !at_start);
        signals = 0;
        char *fresh = (char *)call(TRAP, &found, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
        CHECK((long)fresh < 0 && (long)fresh > -4096); // the descriptor is not one
        CHECK(signals >= 4 && signals <= 6);
        faults(0);
        CHECK(madvise(pages, PAGES * 4096, MADV_DONTNEED) == 0);
        faults(TRAP);
    }
}

int main(void) {
    pages = mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char buffer[256] __attribute__((aligned(64)));
    unaligned = buffer + 3;
    CHECK(pages != MAP_FAILED);
    unaligned_access();
    static const unsigned long each[] = {ALIGNMENT, DIRECTION, NESTED, ALIGNMENT | DIRECTION | NESTED};
    for (unsigned i = 0; i < sizeof each / sizeof *each; i++) {
        calls(each[i]);
        handler(each[i]);
    }
    single_steps();
    return 0;
}
