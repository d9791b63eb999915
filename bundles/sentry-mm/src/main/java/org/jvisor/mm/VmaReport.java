// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.mm.MemoryManager.Layout;
import org.jvisor.api.mm.MemoryManager.VmaInfo;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;

/** What proc(5) shows of a manager's mappings. */
final class VmaReport {

    private VmaReport() {
    }

    static List<VmaInfo> of(Manager mm) {
        mm.lock.lock();
        try {
            List<VmaInfo> infos = new ArrayList<>(mm.vmas.size());
            for (int i = 0; i < mm.vmas.size(); i++) {
                infos.add(info(mm, mm.vmas.get(i)));
            }
            return infos;
        } finally {
            mm.lock.unlock();
        }
    }

    private static VmaInfo info(Manager mm, Vma vma) {
        long[] counts = mm.pages.count(new long[2], vma.start, vma.end);
        int flags = (vma.shared() ? Mman.MAP_SHARED : Mman.MAP_PRIVATE)
                | (vma.is(Vma.GROWS_DOWN) ? Mman.MAP_GROWSDOWN : 0) | (vma.is(Vma.LOCKED) ? Mman.MAP_LOCKED : 0);
        Inode inode = vma.backing == null || vma.backing.file == null ? null : vma.backing.file.inode();
        return new VmaInfo(vma.start, vma.end, vma.prot, flags, vma.backing == null ? 0 : vma.offset,
                inode == null ? 0 : inode.fileSystem().device(), inode == null ? 0 : inode.ino(), name(mm, vma),
                counts[0] * Pte.PAGE, counts[1] * Pte.PAGE);
    }

    private static String name(Manager mm, Vma vma) {
        Backing backing = vma.backing;
        if (backing != null) {
            if (backing.name != null) {
                return backing.name;
            }
            return backing.file == null || backing.file.path() == null ? "" : name(backing.file.path());
        }
        Layout layout = mm.layout();
        if (vma.start <= mm.brk && vma.end > layout.startBrk && layout.startBrk != 0 && vma.start >= layout.startBrk) {
            return "[heap]";
        }
        return vma.start <= layout.startStack && vma.end >= layout.startStack && layout.startStack != 0 ? "[stack]" : "";
    }

    /** The path from the root of all mounts down. */
    private static String name(VfsPath path) {
        StringBuilder name = new StringBuilder();
        VfsPath at = path;
        while (at != null && at.dentry() != null) {
            Dentry dentry = at.dentry();
            if (at.mount() != null && dentry == at.mount().root()) {
                at = at.mount().mountPoint();
                continue;
            }
            if (dentry.parent() == dentry || dentry.parent() == null) {
                // The root of a tree that is mounted nowhere: memfds and their kin have their whole name there.
                name.insert(0, "/".equals(dentry.name()) ? "" : dentry.name());
                break;
            }
            name.insert(0, dentry.name()).insert(0, '/');
            at = new VfsPath(at.mount(), dentry.parent());
        }
        if (path.dentry() != null && path.dentry().isDeleted()) {
            name.append(" (deleted)");
        }
        return name.isEmpty() ? "/" : name.toString();
    }
}
