// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.platform;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Runs one task's application code. Owned by the task's thread: only {@link #interrupt} may be called from others.
 *
 * <p>After {@link #run} has returned, the accessors tell what happened; they hold until the next call.
 */
@ConsumerType
public interface Context {

    /** The application made a system call: number in ORIG_RAX, arguments where the ABI says. */
    int SYSCALL = 1;
    /** A memory access failed: {@link #faultAddress}, {@link #faultAccess}; signal SIGSEGV or SIGBUS. */
    int FAULT = 2;
    /** The CPU raised another exception: {@link #signal} (SIGFPE, SIGILL, SIGTRAP, SIGSEGV for a general protection fault…). */
    int EXCEPTION = 3;
    /** {@link #interrupt} was called, before or during the run. */
    int INTERRUPTED = 4;
    /** The host took the stub away (killed from outside, host out of memory). The task can only be killed. */
    int GONE = 5;

    int ACCESS_UNKNOWN = 0;
    int ACCESS_READ = 1;
    int ACCESS_WRITE = 2;
    int ACCESS_EXECUTE = 4;

    /**
     * Loads {@code registers} as far as they were modified, runs application code until something happens, and stores the
     * application's registers there, at least {@link Registers#FILLED_CALL} for a system call and all otherwise.
     *
     * @return {@link #SYSCALL}, {@link #FAULT}, {@link #EXCEPTION}, {@link #INTERRUPTED} or {@link #GONE}
     */
    int run(Registers registers);

    /**
     * Completes what {@link #run} has stored, as far as {@code level} says and without undoing what was modified since:
     * {@code registers.filled} is at least that afterwards. A platform whose every run stores all registers has nothing to do; one to
     * which a register is dear stores {@link Registers#FILLED_CALL} for a system call.
     *
     * @param level {@link Registers#FILLED_CALL} or {@link Registers#FILLED_ALL}
     */
    default void fill(Registers registers, int level) {
        if (registers.filled < level) {
            throw new IllegalStateException("a platform that does not fill all registers in has to do so when it is asked");
        }
    }

    /** Makes the current or the next run return {@link #INTERRUPTED}. Any thread; cheap when the task is not running. */
    void interrupt();

    long faultAddress();

    /** {@link #ACCESS_UNKNOWN} where the platform cannot tell; never wrong otherwise. */
    int faultAccess();

    int signal();

    /** The host's si_code for {@link #signal}. */
    int signalCode();

    /**
     * Stores the extended state (x87, SSE, AVX, …) in XSAVE format (non-compacted) in {@code registers.extended}, growing it as
     * needed. {@link #run} loads it back when {@code registers.extendedModified} is set.
     */
    void saveExtended(Registers registers);

    AddressSpace space();

    /**
     * A new address space with the same mappings that this context's has now, or with none where that is cheaper; the caller
     * treats what is missing like any other page that is not mapped yet.
     */
    AddressSpace forkAddressSpace();

    /** A context for a new task in {@code space} (this one's own, or a new one); it belongs to the first thread that calls run. */
    Context newContext(AddressSpace space);

    /** Moves this context to another address space, for execve(2). The old one is not released. */
    void switchTo(AddressSpace space);

    /** Ends the context. Called by its thread, or by any other when it has never run. */
    void release();
}
