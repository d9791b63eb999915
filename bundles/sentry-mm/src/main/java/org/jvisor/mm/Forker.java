// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;

/**
 * One fork(2) of a manager: the child shares the frames; of what is private and writable both lose the right to write until the
 * first write has made a copy. The platform's mappings are inherited by its own fork.
 */
final class Forker {

    /** How often other threads may map something new meanwhile. */
    private static final int MAX_ROUNDS = 100;

    private final Manager parent;
    private final Task task;
    /** The child's backings by the parent's, which are in use meanwhile. */
    private final Map<Backing, Backing> backings = new HashMap<>();
    /** Those of the child that their objects know of. */
    private final List<Backing> opened = new ArrayList<>();
    private final Cgroup payer;
    private Manager child;

    /** @param payer the child's */
    Forker(Manager parent, Task task, Cgroup payer) {
        this.parent = parent;
        this.task = task;
        this.payer = payer;
    }

    /** @throws ErrnoException ENOMEM, EAGAIN, or what the platform says */
    Manager fork() {
        boolean done = false;
        try {
            openMissing();
            for (int round = 0; !done; round++) {
                if (round == MAX_ROUNDS) {
                    throw ErrnoException.of(Errno.EAGAIN);
                }
                if (round > 0) {
                    openMissing();
                }
                done = tryFork();
            }
            return child;
        } finally {
            finish(done);
        }
    }

    /** Makes the child's backing for each of the parent's. Objects are told of it without the lock. */
    private void openMissing() {
        List<Backing> missing = new ArrayList<>();
        parent.lock.lock();
        try {
            for (int i = 0; i < parent.vmas.size(); i++) {
                Backing backing = parent.vmas.get(i).backing;
                if (backing != null && !backings.containsKey(backing)) {
                    Backing childs = backing.forChild();
                    missing.add(childs);
                    backings.put(backing, childs);
                    backing.users++;
                }
            }
        } finally {
            parent.unlock(task);
        }
        for (Backing backing : missing) {
            backing.open();
            opened.add(backing);
        }
    }

    private boolean tryFork() {
        parent.lock.lock();
        try {
            VmaMap vmas = parent.vmas;
            for (int i = 0; i < vmas.size(); i++) {
                Backing backing = vmas.get(i).backing;
                if (backing != null && !backings.containsKey(backing)) {
                    return false;
                }
            }
            parent.pages.protectForFork(task, vmas);
            // From here on nobody finds a page that may be written; who has found one before has said so before.
            VarHandle.fullFence();
            child = parent.system.newManager(task.context()::forkAddressSpace, payer);
            child.lock.lock();
            try {
                copy();
            } finally {
                child.unlock(task);
            }
            return true;
        } finally {
            parent.unlock(task);
        }
    }

    private void copy() {
        child.vmas.reserve(parent.vmas.size());
        child.brk = parent.brk;
        child.barriers.copyFrom(parent.barriers);
        child.mmapBase = parent.mmapBase;
        child.layout().copyFrom(parent.layout());
        child.setExecutable(parent.executable());
        for (int i = 0; i < parent.vmas.size(); i++) {
            Vma vma = parent.vmas.get(i);
            if (vma.is(Vma.DONT_FORK)) {
                child.pages.dropInherited(vma.start, vma.end);
                continue;
            }
            // Locks are not inherited: mlock(2).
            int flags = vma.flags & ~(Vma.LOCKED | Vma.LOCK_ON_FAULT);
            Backing backing = vma.backing == null ? null : backings.get(vma.backing);
            if (backing != null) {
                backing.users++;
            }
            child.vmas.insert(new Vma(vma.start, vma.end, vma.prot, flags, backing, vma.offset));
            if (vma.is(Vma.WIPE_ON_FORK)) {
                child.pages.dropInherited(vma.start, vma.end);
            } else {
                child.pages.inherit(parent.pages, vma.start, vma.end);
            }
        }
        child.vmas.unreserve();
        for (TaskMemory copier : parent.copiers.all()) {
            separate(copier.held());
        }
        for (Backing backing : backings.values()) {
            backing.adopt(child);
        }
    }

    /** Gives the child copies of its own of pages that the kernel may be copying to on behalf of the parent. */
    private void separate(long held) {
        long start = held & -Pte.PAGE;
        child.pages.separate(parent.pages, start, start + (held & Pte.PAGE - 1) * Pte.PAGE);
    }

    /** Drops what {@link #openMissing} has pinned, and on failure all of the child. */
    private void finish(boolean done) {
        parent.lock.lockAlways();
        try {
            backings.keySet().forEach(parent::unuse);
        } finally {
            parent.unlock(task);
        }
        if (!done && child != null) {
            child.release(task);
        }
        for (Backing backing : opened) {
            if (backing.users == 0) {
                backing.close(task);
            }
        }
    }
}
