// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.wait.WaitQueue;

/**
 * System call 501 does with the Sentry's heap what no call should: the first argument says what, the second how many KiB it takes.
 */
public final class Hoard implements SyscallFamily, SyscallHandler {

    static final int NUMBER = 501;

    /** Kept until the process ends, and charged to it: but only for a part, and not at all beyond its limit. */
    private static final int CHARGED = 1;
    /** Kept for good, and charged to nobody. */
    private static final int LOST = 2;
    /** As much as there is, until there is no more: kept for the call. */
    private static final int ALL = 3;
    /** No heap, but all of the stack. */
    private static final int STACK = 4;

    private static final int SHARE = 4;

    private static final class Kept {
        final List<byte[]> pieces = new ArrayList<>();
        long charged;
    }

    private final Map<ThreadGroup, Kept> charged = new WeakHashMap<>();
    private final List<byte[]> lost = new ArrayList<>();

    @Override
    public String name() {
        return "hoard";
    }

    @Override
    public CallTable calls() {
        return new CallTable(this).full(NUMBER);
    }

    @Override
    public long call(Task task, Arguments a) {
        int bytes = (int) a.a1 << 10;
        switch ((int) a.a0) {
            case CHARGED -> keep(task.group(), bytes);
            case LOST -> {
                synchronized (lost) {
                    lost.add(new byte[bytes]);
                }
            }
            case ALL -> {
                List<byte[]> all = new ArrayList<>();
                while (!task.interrupted()) {
                    all.add(new byte[bytes]);
                }
            }
            case STACK -> {
                return depth(0);
            }
            default -> {
                return -1;
            }
        }
        return 0;
    }

    private synchronized void keep(ThreadGroup process, int bytes) {
        Kept kept = charged.computeIfAbsent(process, unused -> {
            Kept none = new Kept();
            process.exitQueue().add(new WaitQueue.Entry(events -> giveBack(process, none)), Poll.POLLIN);
            return none;
        });
        kept.pieces.add(new byte[bytes]);
        if (process.cgroup().tryCharge(Charge.EXEC_BYTE, bytes / SHARE)) {
            kept.charged += bytes / SHARE;
        }
    }

    private synchronized void giveBack(ThreadGroup process, Kept kept) {
        kept.pieces.clear();
        process.cgroup().uncharge(Charge.EXEC_BYTE, kept.charged);
        kept.charged = 0;
    }

    private static long depth(long level) {
        return level < 0 ? 0 : depth(level + 1) + 1;
    }
}
