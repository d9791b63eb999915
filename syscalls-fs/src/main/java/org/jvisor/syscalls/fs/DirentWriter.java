// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Dirent64Layout;
import org.jvisor.api.abi.DirentLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.vfs.FileOperations;

/** Lays directory entries down in application memory, piece by piece, as getdents64(2) or the old getdents(2) has them. */
final class DirentWriter implements FileOperations.DirectorySink {

    /** As much as the C library asks for at once. */
    private static final int PIECE = 32_768;

    private final UserMemory memory;
    private final boolean old;
    private final byte[] piece;
    private long address;
    /** Of the application's buffer, beyond what is in the piece. */
    private long room;
    private int filled;
    private long written;
    /** The piece had no room for an entry, though the buffer may have. */
    private boolean full;
    private boolean faulted;

    DirentWriter(UserMemory memory, long address, long size, boolean old) {
        this.memory = memory;
        this.address = address;
        this.room = size;
        this.old = old;
        this.piece = new byte[(int) Math.min(size, PIECE)];
    }

    @Override
    public boolean add(String name, long ino, int type, long next) {
        int length = old ? DirentLayout.recordLength(name.length()) : Dirent64Layout.recordLength(name.length());
        full = length > room || filled + length > piece.length;
        if (full) {
            return false;
        }
        if (old) {
            DirentLayout.write(piece, filled, ino, next, type, name);
        } else {
            Dirent64Layout.write(piece, filled, ino, next, type, name);
        }
        filled += length;
        room -= length;
        return true;
    }

    @Override
    public int drain() {
        int taken = filled;
        filled = 0;
        if (taken > 0 && memory.tryCopyOut(piece, 0, taken, address) != taken) {
            faulted = true;
            return -Errno.EFAULT;
        }
        address += taken;
        written += taken;
        return full && taken > 0 ? 1 : 0;
    }

    /** @param result of the directory; the bytes laid down, or -EINVAL when not even one entry fits */
    long finish(long result) {
        if (written > 0) {
            return written;
        }
        return faulted ? -Errno.EFAULT : result < 0 ? result : full ? -Errno.EINVAL : 0;
    }
}
