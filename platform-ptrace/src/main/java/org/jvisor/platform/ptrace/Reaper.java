// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.HostKernel;

/** Waits for processes that have been killed, so that whoever killed them need not: the host takes their memory apart first. */
final class Reaper {
    private static final int STOP = 0;
    private static final long STOP_MS = 1000;

    private final HostKernel host;
    private final BlockingQueue<Integer> dying = new LinkedBlockingQueue<>();
    private final Thread thread;
    private boolean started;

    Reaper(HostKernel host) {
        this.host = host;
        thread = new Thread(null, this::run, "ptrace-reaper", 256 << 10);
        thread.setDaemon(true);
    }

    synchronized void start() {
        if (!started) {
            started = true;
            thread.start();
        }
    }

    /** Ends the thread after all that it still has to wait for. */
    void finish() {
        dying.add(STOP);
    }

    /** Any thread. */
    void killAndReap(int process) {
        host.syscall(SyscallNr.KILL, process, Signals.SIGKILL);
        dying.add(process);
    }

    /**
     * Ends the thread after all that it still has to wait for. Where that does not come to an end, since a tracer has not taken
     * note of its stub thread's, it is left behind.
     */
    void stop() {
        finish();
        try {
            thread.join(STOP_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            for (int process = dying.take(); process != STOP; process = dying.take()) {
                reap(host, process);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void killAndReap(HostKernel host, int process) {
        if (process > 0) {
            host.syscall(SyscallNr.KILL, process, Signals.SIGKILL);
            reap(host, process);
        }
    }

    /** Without __WNOTHREAD: whichever thread of ours is the tracer. */
    private static void reap(HostKernel host, int process) {
        long result;
        do {
            result = host.syscall(SyscallNr.WAIT4, process, 0, Wait.WALL, 0);
        } while (result == process || result == -Errno.EINTR);
    }
}
