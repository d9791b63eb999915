// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.wait.ServiceThread;

/**
 * Waits for processes that have been killed, so that whoever killed them need not: the host takes their memory apart first. It asks
 * for each of them in turn whether it has ended, and waits for none: how long one takes is no matter of the others'.
 *
 * <p>What it takes to wait for a process is made when the process is {@link #expect}ed, so that killing one needs no memory.
 */
final class Reaper {
    private static final long STOP_MS = 1000;
    /** Between two rounds; twice as long after each round in which none has ended. */
    private static final long LAST_PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long FIRST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(64);

    private final HostKernel host;
    private final ServiceThread thread = new ServiceThread("ptrace-reaper", 256 << 10, this::round);

    private final Mutex lock = new Mutex(LockRank.SERVICE);
    // Guarded by the lock.
    /** Processes that have been killed: the first {@link #count}. There is room for all that are expected. */
    private int[] dying = new int[16];
    private int count;
    private int expected;
    private boolean finishing;

    // The thread's own.
    private final long status;
    private long pauseNs = FIRST_PAUSE_NS;

    Reaper(HostKernel host) {
        this.host = host;
        status = host.allocate(Integer.BYTES);
    }

    /** Those that another Reaper, which has come to a halt, was to wait for. */
    void adopt(StateRecord record) {
        long[] processes = record.getLongs("dying");
        for (int i = 0; processes != null && i < processes.length; i++) {
            expect();
            expected--;
            dying[count++] = (int) processes[i];
        }
    }

    void save(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.put("dying", Arrays.stream(dying, 0, count).asLongStream().toArray());
        }
    }

    /** Starts, perhaps again. */
    void start() {
        thread.start();
    }

    /** Returns when nobody is waited for any more. */
    void halt() {
        thread.halt();
    }

    /** After {@link #halt}, or in place of {@link #start}. */
    void free() {
        host.free(status);
    }

    /** There is a process more that will be killed once. */
    void expect() {
        try (Mutex _ = lock.take()) {
            if (expected + count == dying.length) {
                dying = Arrays.copyOf(dying, 2 * dying.length);
            }
            expected++;
        }
    }

    /** A process that was expected has ended, and somebody else has waited for it. */
    void forget() {
        try (Mutex _ = lock.take()) {
            expected--;
        }
    }

    /** Kills a process that was expected. Any thread; allocates nothing. */
    void killAndReap(int process) {
        host.syscall(SyscallNr.KILL, process, Signals.SIGKILL);
        boolean first;
        try (Mutex _ = lock.take()) {
            expected--;
            first = count == 0;
            dying[count++] = process;
        }
        if (first) {
            thread.wake();
        }
    }

    /** Processes that have been killed and are not gone yet. */
    int dying() {
        try (Mutex _ = lock.take()) {
            return count;
        }
    }

    /**
     * Ends the thread after all that it still has to wait for; not for ever, for the host may not come to an end with it. Nothing the
     * second time.
     */
    void stop() {
        try (Mutex _ = lock.take()) {
            if (finishing) {
                return;
            }
            finishing = true;
        }
        thread.wake();
        thread.join(STOP_MS);
        halt();
        free();
    }

    private boolean round() {
        if (dying() == 0) {
            if (isFinishing()) {
                return false;
            }
            thread.rest();
            pauseNs = FIRST_PAUSE_NS;
        }
        // A process that has just been killed is not gone at once; and many in one round cost its killers fewer wake-ups.
        thread.restNanos(isFinishing() ? LAST_PAUSE_NS : pauseNs);
        boolean progress = false;
        for (int i = 0, process = at(i); process != 0; process = at(i)) {
            if (hasEnded(host, process, status)) {
                progress = true;
                remove(i);
            } else {
                i++;
            }
        }
        pauseNs = progress ? FIRST_PAUSE_NS : Math.min(2 * pauseNs, LONGEST_PAUSE_NS);
        return true;
    }

    private boolean isFinishing() {
        try (Mutex _ = lock.take()) {
            return finishing;
        }
    }

    private int at(int index) {
        try (Mutex _ = lock.take()) {
            return index < count ? dying[index] : 0;
        }
    }

    /** Only the thread does that, so that a place is the same process's as long as it looks. */
    private void remove(int index) {
        try (Mutex _ = lock.take()) {
            dying[index] = dying[--count];
        }
    }

    static void killAndReap(HostKernel host, int process) {
        if (process > 0) {
            host.syscall(SyscallNr.KILL, process, Signals.SIGKILL);
            long result;
            do {
                result = host.syscall(SyscallNr.WAIT4, process, 0, Wait.WALL, 0);
            } while (result == process || result == -Errno.EINTR);
        }
    }

    /**
     * Takes note of a process's end, if it has ended. Without __WNOTHREAD: whichever thread of ours is the tracer.
     *
     * @param status the address of an int
     */
    private static boolean hasEnded(HostKernel host, int process, long status) {
        for (;;) {
            long result = host.syscall(SyscallNr.WAIT4, process, status, Wait.WNOHANG | Wait.WALL, 0);
            if (result == process) {
                // The stop that it was killed in can be told of as well.
                if (!Wait.isStopped(host.getInt(status))) {
                    return true;
                }
            } else if (result != -Errno.EINTR) {
                return result != 0;
            }
        }
    }
}
