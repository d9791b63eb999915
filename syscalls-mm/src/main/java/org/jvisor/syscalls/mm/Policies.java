// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;

/** NUMA policies on a machine that has one node, 0: what is valid is accepted, and everything is there anyway (numa(7)). */
final class Policies {

    private static final int MODE_FLAGS = Mman.MPOL_F_STATIC_NODES | Mman.MPOL_F_RELATIVE_NODES | Mman.MPOL_F_NUMA_BALANCING;
    private static final long MAX_NODES = 4096 * 8L;

    long mbind(Task t, Arguments a) {
        int flags = a.int5();
        if ((flags & ~(Mman.MPOL_MF_STRICT | Mman.MPOL_MF_MOVE | Mman.MPOL_MF_MOVE_ALL)) != 0 || (a.a0 & 4095) != 0
                || a.a1 < 0) {
            return -Errno.EINVAL;
        }
        return checkMode(t, a.int2(), a.a3, a.a4);
    }

    long setMempolicy(Task t, Arguments a) {
        return checkMode(t, a.int0(), a.a1, a.a2);
    }

    private static long checkMode(Task t, int modeAndFlags, long mask, long maxNode) {
        int flags = modeAndFlags & MODE_FLAGS;
        int mode = modeAndFlags & ~MODE_FLAGS;
        boolean both = (flags & Mman.MPOL_F_STATIC_NODES) != 0 && (flags & Mman.MPOL_F_RELATIVE_NODES) != 0;
        if (mode < Mman.MPOL_DEFAULT || mode > Mman.MPOL_PREFERRED_MANY || both) {
            return -Errno.EINVAL;
        }
        int nodes = nodes(t, mask, maxNode);
        if (nodes < 0) {
            return nodes;
        }
        return switch (mode) {
            case Mman.MPOL_DEFAULT, Mman.MPOL_LOCAL -> nodes == 0 ? 0 : -Errno.EINVAL;
            case Mman.MPOL_PREFERRED -> 0;
            default -> nodes == 0 ? -Errno.EINVAL : 0;
        };
    }

    /** 1 when the mask has node 0, 0 when it is empty, -EINVAL when it has a node that is not there. */
    private static int nodes(Task t, long mask, long maxNode) {
        // The man page: the mask has maxnode - 1 bits, by an old mistake.
        long bits = maxNode - 1;
        if (mask == 0 || maxNode <= 1) {
            return 0;
        }
        if (bits > MAX_NODES || bits < 0) {
            return -Errno.EINVAL;
        }
        boolean node0 = false;
        for (long at = 0; at < bits; at += Long.SIZE) {
            long word = t.memory().getLong(mask + at / 8);
            if (bits - at < Long.SIZE) {
                word &= (1L << (bits - at)) - 1;
            }
            if ((at == 0 ? word & ~1L : word) != 0) {
                return -Errno.EINVAL;
            }
            node0 |= word != 0;
        }
        return node0 ? 1 : 0;
    }

    long getMempolicy(Task t, Arguments a) {
        long mode = a.a0;
        long mask = a.a1;
        long maxNode = a.a2;
        long flags = a.a4;
        if ((flags & ~(Mman.MPOL_F_NODE | Mman.MPOL_F_ADDR | Mman.MPOL_F_MEMS_ALLOWED)) != 0) {
            return -Errno.EINVAL;
        }
        boolean ofAddress = (flags & Mman.MPOL_F_ADDR) != 0;
        boolean allowed = (flags & Mman.MPOL_F_MEMS_ALLOWED) != 0;
        boolean node = (flags & Mman.MPOL_F_NODE) != 0;
        if (allowed && (ofAddress || node) || !ofAddress && (a.a3 != 0 || node) || mask != 0 && maxNode < 1) {
            return -Errno.EINVAL;
        }
        if (ofAddress) {
            // EFAULT for an address that nothing is at.
            t.memory().getByte(a.a3);
        }
        if (mode != 0) {
            // With MPOL_F_NODE the node, which is 0 as well.
            t.memory().putInt(mode, Mman.MPOL_DEFAULT);
        }
        if (mask != 0) {
            long bytes = Math.min(maxNode + Long.SIZE - 1, MAX_NODES) / Long.SIZE * Long.BYTES;
            t.memory().zero(mask, bytes);
            if (allowed && bytes > 0) {
                t.memory().putLong(mask, 1);
            }
        }
        return 0;
    }

    long setHomeNode(Arguments a) {
        if ((a.a0 & 4095) != 0 || a.a3 != 0 || a.a2 != 0) {
            return -Errno.EINVAL;
        }
        return 0;
    }

    long migratePages(Task t, Arguments a) {
        Task target = a.int0() == 0 ? t : t.pidNamespace().task(a.int0());
        if (target == null) {
            return -Errno.ESRCH;
        }
        int from = nodes(t, a.a2, a.a1);
        int to = nodes(t, a.a3, a.a1);
        return from < 0 || to < 0 ? -Errno.EINVAL : 0;
    }

    /** With a null node array it tells where pages are, otherwise it moves them: to node 0, where they are. */
    long movePages(Task t, Arguments a) {
        if ((a.int5() & ~(Mman.MPOL_MF_MOVE | Mman.MPOL_MF_MOVE_ALL)) != 0 || a.a1 < 0 || a.a1 > Integer.MAX_VALUE) {
            return -Errno.EINVAL;
        }
        if (a.int0() != 0 && a.int0() != t.group().pid()) {
            return t.pidNamespace().task(a.int0()) == null ? -Errno.ESRCH : -Errno.EPERM;
        }
        for (long i = 0; i < a.a1; i++) {
            if (t.interrupted()) {
                return -Errno.EINTR;
            }
            long page = t.memory().getLong(a.a2 + i * Long.BYTES);
            int status = 0;
            if (a.a3 != 0 && t.memory().getInt(a.a3 + i * Integer.BYTES) != 0) {
                return -Errno.ENODEV;
            }
            if (t.memory().tryCopyIn(page, t.scratch(), 0, 1) == 0) {
                status = -Errno.EFAULT;
            }
            t.memory().putInt(a.a4 + i * Integer.BYTES, status);
        }
        return 0;
    }
}
