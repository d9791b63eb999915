// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Ipc;
import org.jvisor.api.abi.IpcPermLayout;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.ShmidDsLayout;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.IpcSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.SharedSegments;
import org.jvisor.api.mm.SharedSegments.Attributes;
import org.jvisor.api.mm.SharedSegments.Segment;
import org.jvisor.api.syscall.Arguments;

/** shmget(2), shmat(2), shmdt(2) and shmctl(2). */
final class SegmentCalls {

    private static final int PAGE = 4096;
    private static final int PERMISSIONS = 0777;
    private static final int READ = 4;
    private static final int WRITE = 2;
    /** struct shminfo64 and struct shm_info. */
    private static final int SHMINFO_SIZE = 72;
    private static final int SHM_INFO_SIZE = 48;

    private static SharedSegments segments(Task t) {
        return t.kernel().memory().segments(t.namespaces().ipc());
    }

    private static long now(Task t) {
        return t.kernel().clock().realtimeNs() / 1_000_000_000L;
    }

    // ---- shmget

    long shmget(Task t, Arguments a) {
        int key = a.int0();
        long bytes = a.a1;
        int flags = a.int2();
        SharedSegments all = segments(t);
        while (true) {
            Segment found = all.find(key);
            if (found != null) {
                return existing(t, found, bytes, flags);
            }
            if (key != Ipc.IPC_PRIVATE && (flags & Ipc.IPC_CREAT) == 0) {
                return -Errno.ENOENT;
            }
            long refused = checkSize(t, all, bytes);
            if (refused != 0) {
                return refused;
            }
            if ((flags & Ipc.SHM_HUGETLB) != 0) {
                return t.hasCapability(Capability.CAP_IPC_LOCK) ? -Errno.ENOMEM : -Errno.EPERM;
            }
            Segment made = all.create(t.cgroup(), key, bytes, flags & PERMISSIONS, t.credentials(), t.group().pid(), now(t));
            if (made != null) {
                return made.id();
            }
        }
    }

    /** By what is set for the namespace. */
    private static long checkSize(Task t, SharedSegments all, long bytes) {
        IpcNamespace namespace = t.namespaces().ipc();
        if (bytes < 1 || bytes > Mman.TASK_SIZE || Long.compareUnsigned(bytes, IpcSysctl.SHMMAX.of(namespace)) > 0) {
            return -Errno.EINVAL;
        }
        long most = IpcSysctl.SHMALL.of(namespace);
        long pages = pages(bytes);
        // Looked through only where there is such a limit.
        boolean tooMuch = Long.compareUnsigned(most, Mman.TASK_SIZE) < 0 && totalPages(all) + pages > most;
        return tooMuch || all.count() >= IpcSysctl.SHMMNI.of(namespace) ? -Errno.ENOSPC : 0;
    }

    private static long pages(long bytes) {
        return (bytes + PAGE - 1) / PAGE;
    }

    private static long totalPages(SharedSegments all) {
        long total = 0;
        int highest = all.highestIndex();
        for (int i = 0; i <= highest; i++) {
            Segment segment = all.at(i);
            total += segment == null ? 0 : pages(segment.bytes());
        }
        return total;
    }

    private static long existing(Task t, Segment found, long bytes, int flags) {
        if ((flags & Ipc.IPC_CREAT) != 0 && (flags & Ipc.IPC_EXCL) != 0) {
            return -Errno.EEXIST;
        }
        if (bytes < 0 || bytes > found.bytes()) {
            return -Errno.EINVAL;
        }
        // What the flags ask for, whoever of the three they ask it for.
        int wanted = flags >> 6 | flags >> 3 | flags;
        return permitted(t, found, wanted & (READ | WRITE)) ? found.id() : -Errno.EACCES;
    }

    private static boolean permitted(Task t, Segment segment, int wanted) {
        Credentials c = t.credentials();
        int granted;
        try (Mutex _ = segment.attributes().lock.take()) {
            Attributes a = segment.attributes();
            if (c.euid() == a.uid || c.euid() == a.creatorUid) {
                granted = a.mode >> 6;
            } else if (c.egid() == a.gid || c.egid() == a.creatorGid || c.inGroup(a.gid) || c.inGroup(a.creatorGid)) {
                granted = a.mode >> 3;
            } else {
                granted = a.mode;
            }
        }
        return (wanted & ~granted) == 0 || c.has(Capability.CAP_IPC_OWNER);
    }

    // ---- shmat and shmdt

    long shmat(Task t, Arguments a) {
        long address = a.a1;
        int flags = a.int2();
        Segment segment = byId(t, a.int0());
        if (address != 0 && (address & PAGE - 1) != 0) {
            if ((flags & Ipc.SHM_RND) == 0) {
                return -Errno.EINVAL;
            }
            address &= -PAGE;
        }
        boolean remap = (flags & Ipc.SHM_REMAP) != 0;
        if (address == 0 && remap) {
            return -Errno.EINVAL;
        }
        boolean readOnly = (flags & Ipc.SHM_RDONLY) != 0;
        boolean execute = (flags & Ipc.SHM_EXEC) != 0;
        if (!permitted(t, segment, READ | (readOnly ? 0 : WRITE) | (execute ? 1 : 0))) {
            return -Errno.EACCES;
        }
        int prot = Mman.PROT_READ | (readOnly ? 0 : Mman.PROT_WRITE) | (execute ? Mman.PROT_EXEC : 0);
        int mapFlags = Mman.MAP_SHARED | (address == 0 ? 0 : remap ? Mman.MAP_FIXED : Mman.MAP_FIXED_NOREPLACE);
        String name = "/SYSV%08x (deleted)".formatted(segment.key());
        long result = t.mm().map(t, address, segment.bytes(), prot, mapFlags, segment.memory(), 0, name);
        if (result < 0) {
            return result == -Errno.ENOMEM ? result : -Errno.EINVAL;
        }
        try (Mutex _ = segment.attributes().lock.take()) {
            segment.attributes().attachSeconds = now(t);
            segment.attributes().lastPid = t.group().pid();
        }
        return result;
    }

    long shmdt(Task t, Arguments a) {
        if ((a.a0 & PAGE - 1) != 0) {
            return -Errno.EINVAL;
        }
        Mappable object = t.mm().mappedAt(a.a0);
        Segment segment = object == null ? null : segments(t).of(object);
        if (segment == null) {
            return -Errno.EINVAL;
        }
        try (Mutex _ = segment.attributes().lock.take()) {
            segment.attributes().detachSeconds = now(t);
            segment.attributes().lastPid = t.group().pid();
        }
        return t.mm().unmapObject(t, a.a0, object);
    }

    private static Segment byId(Task t, int id) {
        Segment segment = segments(t).get(id);
        if (segment == null) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return segment;
    }

    // ---- shmctl

    long shmctl(Task t, Arguments a) {
        int id = a.int0();
        // The flag for the old layout of structures means nothing to 64-bit programs.
        int command = a.int1() & ~Ipc.IPC_64;
        return switch (command) {
            case Ipc.IPC_INFO -> info(t, a.a2);
            case Ipc.SHM_INFO -> usage(t, a.a2);
            case Ipc.IPC_STAT -> stat(t, byId(t, id), a.a2, true, 0);
            case Ipc.SHM_STAT, Ipc.SHM_STAT_ANY -> {
                Segment segment = segments(t).at(id);
                yield segment == null ? -Errno.EINVAL
                        : stat(t, segment, a.a2, command == Ipc.SHM_STAT, segment.id());
            }
            case Ipc.IPC_SET -> set(t, byId(t, id), a.a2);
            case Ipc.IPC_RMID -> remove(t, byId(t, id));
            case Ipc.SHM_LOCK, Ipc.SHM_UNLOCK -> lock(t, byId(t, id), command == Ipc.SHM_LOCK);
            default -> -Errno.EINVAL;
        };
    }

    private static long info(Task t, long to) {
        byte[] b = new byte[SHMINFO_SIZE];
        IpcNamespace namespace = t.namespaces().ipc();
        Bytes.putLong(b, 0, IpcSysctl.SHMMAX.of(namespace));
        Bytes.putLong(b, 8, 1);
        Bytes.putLong(b, 16, IpcSysctl.SHMMNI.of(namespace));
        Bytes.putLong(b, 24, IpcSysctl.SHMMNI.of(namespace));
        Bytes.putLong(b, 32, IpcSysctl.SHMALL.of(namespace));
        t.memory().copyOut(b, 0, b.length, to);
        return Math.max(0, segments(t).highestIndex());
    }

    private static long usage(Task t, long to) {
        SharedSegments all = segments(t);
        int highest = all.highestIndex();
        long total = 0;
        long resident = 0;
        for (int i = 0; i <= highest; i++) {
            Segment segment = all.at(i);
            if (segment != null) {
                total += pages(segment.bytes());
                resident += segment.memory().allocatedBytes() / PAGE;
            }
        }
        byte[] b = new byte[SHM_INFO_SIZE];
        Bytes.putInt(b, 0, all.count());
        Bytes.putLong(b, 8, total);
        Bytes.putLong(b, 16, resident);
        t.memory().copyOut(b, 0, b.length, to);
        return Math.max(0, highest);
    }

    private static long stat(Task t, Segment segment, long to, boolean checked, long result) {
        if (checked && !permitted(t, segment, READ)) {
            return -Errno.EACCES;
        }
        byte[] b = new byte[ShmidDsLayout.SIZE];
        try (Mutex _ = segment.attributes().lock.take()) {
            Attributes a = segment.attributes();
            IpcPermLayout.key(b, 0, segment.key());
            IpcPermLayout.uid(b, 0, a.uid);
            IpcPermLayout.gid(b, 0, a.gid);
            IpcPermLayout.cuid(b, 0, a.creatorUid);
            IpcPermLayout.cgid(b, 0, a.creatorGid);
            IpcPermLayout.mode(b, 0, a.mode | (segment.removed() ? Ipc.SHM_DEST : 0));
            IpcPermLayout.seq(b, 0, segment.id() >>> 15);
            ShmidDsLayout.segsz(b, 0, segment.bytes());
            ShmidDsLayout.atime(b, 0, a.attachSeconds);
            ShmidDsLayout.dtime(b, 0, a.detachSeconds);
            ShmidDsLayout.ctime(b, 0, a.changeSeconds);
            ShmidDsLayout.cpid(b, 0, a.creatorPid);
            ShmidDsLayout.lpid(b, 0, a.lastPid);
            ShmidDsLayout.nattch(b, 0, segment.attached());
        }
        t.memory().copyOut(b, 0, b.length, to);
        return result;
    }

    private static boolean owns(Task t, Segment segment) {
        int euid = t.credentials().euid();
        try (Mutex _ = segment.attributes().lock.take()) {
            return euid == segment.attributes().uid || euid == segment.attributes().creatorUid;
        }
    }

    private static long set(Task t, Segment segment, long from) {
        byte[] b = new byte[ShmidDsLayout.SIZE];
        t.memory().copyIn(from, b, 0, b.length);
        if (!owns(t, segment) && !t.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        try (Mutex _ = segment.attributes().lock.take()) {
            Attributes a = segment.attributes();
            a.uid = IpcPermLayout.uid(b, 0);
            a.gid = IpcPermLayout.gid(b, 0);
            a.mode = a.mode & ~PERMISSIONS | IpcPermLayout.mode(b, 0) & PERMISSIONS;
            a.changeSeconds = now(t);
        }
        return 0;
    }

    private static long remove(Task t, Segment segment) {
        if (!owns(t, segment) && !t.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        segments(t).remove(segment);
        return 0;
    }

    /** Nothing is ever paged out: only the mark is kept. */
    private static long lock(Task t, Segment segment, boolean lock) {
        if (!owns(t, segment) && !t.hasCapability(Capability.CAP_IPC_LOCK)) {
            return -Errno.EPERM;
        }
        try (Mutex _ = segment.attributes().lock.take()) {
            Attributes a = segment.attributes();
            a.mode = lock ? a.mode | Ipc.SHM_LOCKED : a.mode & ~Ipc.SHM_LOCKED;
        }
        return 0;
    }
}
