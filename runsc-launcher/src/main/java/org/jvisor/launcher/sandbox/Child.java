// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.SpawnRequest;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/** A process that runsc started: the Sentry or the gofer. */
final class Child {
    private final HostKernel host;
    private final String name;
    private final int pid;
    private final int pidFd;
    private int status = -1;

    private Child(HostKernel host, String name, int pid) {
        this.host = host;
        this.name = name;
        this.pid = pid;
        this.pidFd = (int) HostCalls.check(host.syscall(SyscallNr.PIDFD_OPEN, pid, 0), "pidfd_open");
    }

    /**
     * Starts a process in namespaces of its own. unshare(2) acts on the calling thread and what it starts, so this takes a
     * thread, which lives as long as runsc: the child's PR_SET_PDEATHSIG is about the thread that started it.
     *
     * @param namespaces CLONE_NEW*
     */
    static Child start(HostKernel host, String name, SpawnRequest request, long namespaces) {
        Spawner spawner = new Spawner(host, request, namespaces);
        spawner.setDaemon(true);
        spawner.start();
        return new Child(host, name, spawner.pid());
    }

    private static final class Spawner extends Thread {
        private final HostKernel host;
        private final SpawnRequest request;
        private final long namespaces;
        private final CompletableFuture<Integer> pid = new CompletableFuture<>();

        Spawner(HostKernel host, SpawnRequest request, long namespaces) {
            super(null, null, "spawner", 256 << 10);
            this.host = host;
            this.request = request;
            this.namespaces = namespaces;
        }

        @Override
        public void run() {
            try {
                pid.complete(spawn());
            } catch (Throwable failure) {
                pid.completeExceptionally(failure);
                return;
            }
            while (true) {
                LockSupport.park();
            }
        }

        private int spawn() {
            long result = host.syscall(SyscallNr.UNSHARE, namespaces);
            if (result == -Errno.EPERM) {
                throw new RunscException("making namespaces: " + HostCalls.describe(result)
                    + " (runsc is to be run by root, or with --rootless)");
            }
            HostCalls.check(result, "making namespaces");
            return (int) HostCalls.check(host.spawn(request), "starting " + request.path());
        }

        int pid() {
            try {
                return pid.join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof RunscException known
                    ? known
                    : new RunscException("starting " + request.path() + ": " + e.getCause());
            }
        }
    }

    int pid() {
        return pid;
    }

    /** Becomes readable when the process has ended. */
    int descriptor() {
        return pidFd;
    }

    void kill() {
        if (status < 0) {
            host.syscall(SyscallNr.KILL, pid, Signals.SIGKILL);
        }
    }

    /** Waits for its end and takes it off the host's list. */
    void reap() {
        if (status >= 0) {
            return;
        }
        long at = host.allocate(4);
        long result;
        do {
            result = host.syscall(SyscallNr.WAIT4, pid, at, 0, 0);
        } while (result == -Errno.EINTR);
        status = result == pid ? host.getInt(at) : 0;
        host.free(at);
        host.syscall(SyscallNr.CLOSE, pidFd);
    }

    /** Whether it ended by itself and without a complaint, after {@link #reap}. */
    boolean hasSucceeded() {
        return status == 0;
    }

    /** How it ended, after {@link #reap}. */
    String end() {
        return name + (Wait.isSignaled(status)
            ? " was killed by " + Signals.name(Wait.termSignal(status)) : " ended with status " + Wait.exitCode(status));
    }
}
