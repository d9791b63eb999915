// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.jvisor.api.abi.SyscallNr.*;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.seal.JvmCalls;
import org.jvisor.host.seal.SeccompFilter;
import org.jvisor.launcher.RunscException;

/**
 * Takes from the Sentry, before the first instruction of a program, what it does not need any more: no path of the host can be
 * opened or even looked at, no socket or process made. It goes on with the descriptors that it has, and with its stubs.
 */
final class SentrySeal {

    /** What the Sentry does by itself, beside what its JVM needs. One list: the filter is made of it. */
    private static final int[] OWN = {
        // Stubs: run, wait, interrupt, place.
        PTRACE, WAIT4, WAITID, TGKILL, KILL, SCHED_SETAFFINITY, GETPPID,
        // Files by donated descriptors, the memory file.
        CLOSE, PREAD64, PWRITE64, PREADV2, PWRITEV2, LSEEK, FTRUNCATE, FALLOCATE, FSYNC, FDATASYNC, FCNTL, FSTATFS, IOCTL,
        // The gofer and runsc, over sockets that are there.
        SENDMSG, RECVMSG, SENDTO, RECVFROM, SHUTDOWN, ACCEPT4, GETSOCKOPT,
        // Waiting for donated descriptors.
        EPOLL_WAIT, EPOLL_PWAIT, EPOLL_CTL, EPOLL_CREATE1, EVENTFD2, PIPE2,
        // The framework keeps what is installed later in its storage, whose folder it has; see below.
        MEMFD_CREATE,
    };

    private SentrySeal() {
    }

    /** @throws RunscException when the host refuses */
    static void apply(HostKernel host) {
        openClassPath();
        long result = host.syscall(PRCTL, Prctl.PR_SET_NO_NEW_PRIVS, 1, 0, 0);
        if (result < 0) {
            throw new RunscException("sealing the Sentry: no_new_privs: " + org.jvisor.api.abi.Errno.describe((int) -result));
        }
        try {
            SeccompFilter.install(host, OWN, JvmCalls.running());
        } catch (ErrnoException e) {
            throw new RunscException("sealing the Sentry: seccomp: " + e.getMessage());
        }
    }

    /** Classes that are loaded later come from jars that are open now: looking for one that is in none opens them all. */
    private static void openClassPath() {
        ClassLoader loader = SentrySeal.class.getClassLoader();
        if (loader.getResource("org/jvisor/nowhere") != null) {
            throw new IllegalStateException("the class path has what nobody put there");
        }
    }
}
