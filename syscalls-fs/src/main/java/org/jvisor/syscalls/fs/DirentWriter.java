// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Dirent64Layout;
import org.jvisor.api.abi.DirentLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.vfs.FileOperations;

/**
 * Lays directory entries down in application memory, in pieces of a few KiB, as getdents64(2) or the old getdents(2) has
 * them.
 */
final class DirentWriter implements FileOperations.DirectorySink {

    private static final int PIECE = 4096;

    private final UserMemory memory;
    private final boolean old;
    private final byte[] piece;
    private long address;
    private long room;
    private int filled;
    private long written;
    private boolean overflowed;
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
        if (length > room) {
            overflowed = true;
            return false;
        }
        if (filled + length > piece.length) {
            flush();
            if (faulted || length > piece.length) {
                overflowed = true;
                return false;
            }
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

    private void flush() {
        if (memory.tryCopyOut(piece, 0, filled, address) != filled) {
            faulted = true;
            return;
        }
        address += filled;
        written += filled;
        filled = 0;
    }

    /** @param result of the directory; the bytes laid down, or -EINVAL when not even one entry fits */
    long finish(long result) {
        if (filled > 0 && !faulted) {
            flush();
        }
        if (faulted) {
            return -Errno.EFAULT;
        }
        if (written > 0) {
            return written;
        }
        return result < 0 ? result : overflowed ? -Errno.EINVAL : 0;
    }
}
