// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryShortage;

/**
 * The memory file as one container has it: what is allocated here is charged to the container until it is free again, whoever has it by
 * then, and its limit is the lower one of the container's and the sandbox's.
 */
final class FrameAccount implements MemoryFile {

    private final FrameFile file;
    /** The container's; null: the kernel's own, which nobody is charged for. */
    private final Cgroup container;
    private final Runnable sweep;

    // Guarded by the file's lock.
    /** Among the file's accounts, while it has frames; 0: none. */
    private char index;
    private long frames;

    FrameAccount(FrameFile file, Cgroup container, Runnable sweep) {
        this.file = file;
        this.container = container;
        this.sweep = sweep;
    }

    FrameFile file() {
        return file;
    }

    Cgroup container() {
        return container;
    }

    // ---- with the file's lock

    boolean isCharged() {
        return container != null;
    }

    char index() {
        return index;
    }

    void setIndex(char newIndex) {
        index = newIndex;
    }

    /** How many frames more it may have, as far as is known now. */
    long room() {
        return container == null ? Long.MAX_VALUE : container.room(Charge.PAGE);
    }

    boolean tryCharge(int count) {
        if (container != null && !container.tryCharge(Charge.PAGE, count)) {
            return false;
        }
        frames += count;
        return true;
    }

    void uncharge(int count) {
        frames -= count;
        container.uncharge(Charge.PAGE, count);
    }

    boolean isEmpty() {
        return frames == 0;
    }

    // ---- when there is none

    /** @see FrameFile#awaitReleased; what has been released is nobody's any more, so that it is not what a container lacks */
    boolean awaitReleased() {
        return room() > 0 && file.awaitReleased();
    }

    /** @see MemoryShortage#reclaim */
    boolean reclaim() {
        if (container == null || !file.shortage().reclaim(container)) {
            return false;
        }
        sweep.run();
        return true;
    }

    /** @see MemoryShortage#relieve */
    boolean relieve(Task task) {
        return container != null && file.shortage().relieve(container, task, sweep);
    }

    /** The same for a fault of the task's, whose own memory may hold frames for nothing. */
    boolean relieve(Task task, Manager mm, boolean application) {
        return container != null && file.shortage().relieve(container, application ? task : null, () -> {
            mm.settle(task);
            sweep.run();
        });
    }

    // ---- MemoryFile

    @Override
    public long allocate(int pages) {
        return file.allocate(this, pages);
    }

    /** @see FrameFile#allocateRun(FrameAccount, int, boolean) */
    long allocateRun(int wanted, boolean zero) {
        return file.allocateRun(this, wanted, zero);
    }

    /** What is not free for it, be it its own or others'. */
    @Override
    public long used() {
        long free = file.limit() - file.used();
        for (Cgroup one = container; one != null; one = one.parent()) {
            free = Math.min(free, one.memoryLimit() - one.memoryBytes());
        }
        return limit() - Math.max(0, free);
    }

    @Override
    public long limit() {
        long lowest = file.limit();
        for (Cgroup one = container; one != null; one = one.parent()) {
            lowest = Math.min(lowest, one.memoryLimit());
        }
        return lowest;
    }

    @Override
    public int descriptor() {
        return file.descriptor();
    }

    @Override
    public long base() {
        return file.base();
    }

    @Override
    public void retain(long offset, int pages) {
        file.retain(offset, pages);
    }

    @Override
    public void release(long offset, int pages) {
        file.release(offset, pages);
    }

    @Override
    public int references(long offset) {
        return file.references(offset);
    }

    @Override
    public Epoch newEpoch() {
        return file.newEpoch();
    }
}
