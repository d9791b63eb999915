// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * An address space: a stub process, or one to come. A change is a system call that one of the process's own threads makes, so
 * what others want waits in a queue until a context of this space takes it along.
 */
final class PtraceAddressSpace implements AddressSpace, Stateful {

    /** A system call that changes the mappings. */
    private record Change(int number, long address, long length, long prot, long flags, long offset) {}

    /** With more, forgetting all mappings is cheaper; and a space whose tasks all sleep cannot make the queue grow for ever. */
    private static final int MAX_QUEUED = 256;

    private final Stubs stubs;
    /**
     * Guards all of the fields; held while changes are carried out, so that nobody runs ahead of them. Whoever holds it waits for the
     * host alone, and what it guards has to be true of a task that is to die as well: so nobody is killed who waits for it.
     */
    private final KillableLock lock = new KillableLock(LockRank.PLATFORM_SPACE);
    private final List<Change> queue = new ArrayList<>();
    private final List<PtraceContext> contexts = new ArrayList<>();
    private volatile boolean queued;
    private int process;
    /** Whether the process's first thread waits for a context to claim it. */
    private boolean leaderFree = true;
    private boolean processEnded;
    private boolean released;

    /** Its process is a fresh one, taken when a context first runs, unless it is given {@linkplain #setProcess one} before. */
    PtraceAddressSpace(Stubs stubs) {
        this.stubs = stubs;
        stubs.reaper().expect();
    }

    PtraceAddressSpace(StateRecord record) {
        stubs = record.requireOwn("stubs", Stubs.class);
        process = record.requireInt("process");
        leaderFree = record.requireLong("leader-free") != 0;
        processEnded = record.getBoolean("process-ended", false);
        released = record.getBoolean("released", false);
        for (StateRecord change : record.items("pending")) {
            queue.add(new Change(change.requireInt("number"), change.requireLong("address"), change.requireLong("length"),
                change.getLong("prot", 0), change.getLong("flags", 0), change.getLong("offset", 0)));
        }
        queued = !queue.isEmpty();
        if (!released) {
            stubs.reaper().expect();
            stubs.remember(this);
        }
    }

    @Override
    public StateRecord save() {
        lock.lockAlways();
        try {
            StateRecord record = new StateRecord(PtraceDriver.SPACE, PtraceDriver.SCHEMA).putOwn("stubs", stubs)
                .put("process", process).put("leader-free", leaderFree).put("process-ended", processEnded)
                .put("released", released).putList("pending");
            for (Change change : queue) {
                record.add("pending").put("number", change.number).put("address", change.address).put("length", change.length)
                    .put("prot", change.prot).put("flags", change.flags).put("offset", change.offset);
            }
            return record;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int map(Context context, long address, long length, long offset, int prot, boolean populate) {
        return change(context, new Change(SyscallNr.MMAP, address, length, prot, mapFlags(populate), offset));
    }

    private static long mapFlags(boolean populate) {
        return StubFilter.MAP_FLAGS | (populate ? Mman.MAP_POPULATE : 0);
    }

    @Override
    public int unmap(Context context, long address, long length) {
        return change(context, new Change(SyscallNr.MUNMAP, address, length, 0, 0, 0));
    }

    @Override
    public int protect(Context context, long address, long length, int prot) {
        return change(context, new Change(SyscallNr.MPROTECT, address, length, prot, 0, 0));
    }

    private int change(Context context, Change change) {
        // The stub's own page lies above; a mistake of the caller's must not take it away.
        long end = change.address + change.length;
        if (change.address < 0 || change.length <= 0 || end < 0 || end > UserSpace.END) {
            return -Errno.EINVAL;
        }
        if (context instanceof PtraceContext own && own.space() == this && own.attach()) {
            carryOut(own);
            return carryOut(own, change);
        }
        enqueue(change);
        return 0;
    }

    @Override
    public int mapAll(Context context, long[] ranges, int count, boolean populate) {
        return changeAll(context, SyscallNr.MMAP, ranges, count, mapFlags(populate));
    }

    @Override
    public int protectAll(Context context, long[] ranges, int count) {
        return changeAll(context, SyscallNr.MPROTECT, ranges, count, 0);
    }

    private int changeAll(Context context, int number, long[] ranges, int count, long flags) {
        int end = count * RANGE_LONGS;
        boolean ownStub = context instanceof PtraceContext candidate && candidate.space() == this && candidate.attach();
        for (int at = 0; ownStub && at < end; at += RANGE_LONGS) {
            ownStub = StubImage.packable(ranges[at], ranges[at + 1], ranges[at + 2], ranges[at + 3]);
        }
        int at = 0;
        if (ownStub) {
            PtraceContext own = (PtraceContext) context;
            carryOut(own);
            at = inBatches(own, number, ranges, end, flags);
        }
        // What cannot be packed, or comes after an error, one by one.
        for (; at < end; at += RANGE_LONGS) {
            int result = change(context, new Change(number, ranges[at], ranges[at + 1], ranges[at + 3], flags, ranges[at + 2]));
            if (result != 0) {
                return result;
            }
        }
        return 0;
    }

    /** Returns the index of the first range that was refused, or the end. */
    private static int inBatches(PtraceContext own, int number, long[] ranges, int end, long flags) {
        int at = 0;
        while (at < end) {
            int count = Math.min(StubImage.BATCH, (end - at) / RANGE_LONGS);
            int done = own.callBatch(number, ranges, at, count, flags);
            at += done * RANGE_LONGS;
            if (done < count) {
                break;
            }
        }
        return at;
    }

    private void enqueue(Change change) {
        lock.lockAlways();
        try {
            if (queue.size() == MAX_QUEUED) {
                queue.clear();
                queue.add(new Change(SyscallNr.MUNMAP, 0, UserSpace.END, 0, 0, 0));
            }
            queue.add(change);
            queued = true;
            contexts.forEach(PtraceContext::announceChanges);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean settled() {
        return !queued;
    }

    @Override
    public void settle(Context context) {
        if (queued && context instanceof PtraceContext own && own.space() == this && own.attach()) {
            carryOut(own);
        }
    }

    /** Carries out what is queued, if anything. Called by a context of this space, on its thread, before it runs. */
    void carryOut(PtraceContext context) {
        if (!queued) {
            return;
        }
        lock.lockAlways();
        try {
            for (Change change : queue) {
                int error = carryOut(context, change);
                if (error != 0) {
                    // Without a mapping the application faults, and whoever handles that hears of the host's refusal.
                    context.call(SyscallNr.MUNMAP, change.address, change.length, 0, 0, 0, 0);
                }
            }
            queue.clear();
            queued = false;
        } finally {
            lock.unlock();
        }
    }

    private static int carryOut(PtraceContext context, Change c) {
        long result = context.call(c.number, c.address, c.length, c.prot, c.flags, StubFilter.MEMORY_FD, c.offset);
        if (result == -Errno.ENOMEM && c.number == SyscallNr.MPROTECT) {
            // mprotect(2) ends at the first hole. What is not mapped here faults and is mapped anew, so unmapping is correct.
            result = context.call(SyscallNr.MUNMAP, c.address, c.length, 0, 0, 0, 0);
        }
        return result < 0 ? (int) result : 0;
    }

    @Override
    public void release() {
        lock.lockAlways();
        try {
            if (released) {
                return;
            }
            released = true;
            queue.clear();
            if (process != 0 && !processEnded) {
                processEnded = true;
                stubs.reaper().killAndReap(process);
            } else {
                stubs.reaper().forget();
            }
        } finally {
            lock.unlock();
        }
        stubs.forget(this);
    }

    /**
     * If the process has been killed, helps its leader's tracer to hear of it: the host does not report a leader's end before
     * all other threads' ends have been seen, and those threads' tracers may sleep. Any thread.
     */
    void reapEndedThreads() {
        if (!hasSiblings()) {
            return;
        }
        long siginfo = stubs.host().allocate(SiginfoLayout.SIZE);
        lock.lockAlways();
        try {
            for (PtraceContext context : contexts) {
                context.reapIfEnded(siginfo);
            }
        } finally {
            lock.unlock();
            stubs.host().free(siginfo);
        }
    }

    private boolean hasSiblings() {
        lock.lockAlways();
        try {
            return contexts.size() > 1;
        } finally {
            lock.unlock();
        }
    }

    /** A context is to run here; it learns of changes that are queued. */
    void enter(PtraceContext context) {
        lock.lockAlways();
        try {
            contexts.add(context);
            if (queued) {
                context.announceChanges();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean contains(PtraceContext context) {
        lock.lockAlways();
        try {
            return contexts.contains(context);
        } finally {
            lock.unlock();
        }
    }

    /** @return whether other contexts stay behind */
    boolean leave(PtraceContext context) {
        lock.lockAlways();
        try {
            contexts.remove(context);
            return !contexts.isEmpty() && !processEnded;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the first thread of the process, which may not exist yet, is the caller's from now on. Succeeds once. */
    boolean claimLeader() {
        lock.lockAlways();
        try {
            boolean free = leaderFree;
            leaderFree = false;
            return free;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The id of the process, which is started if it was not.
     *
     * @return 0 if the space has been released
     * @throws org.jvisor.api.abi.ErrnoException the host refuses a process
     */
    int startProcess() {
        lock.lockAlways();
        try {
            if (released) {
                return 0;
            }
            if (process == 0) {
                process = stubs.takeCopy();
            }
            return process;
        } finally {
            lock.unlock();
        }
    }

    /** @param forked a stub process that is not traced yet */
    void setProcess(int forked) {
        lock.lockAlways();
        try {
            process = forked;
        } finally {
            lock.unlock();
        }
    }

    /** The process has ended and its tracer has seen it: its id may belong to another soon. */
    void processEnded() {
        lock.lockAlways();
        try {
            processEnded = true;
        } finally {
            lock.unlock();
        }
    }
}
