// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;

/** What the memory devices have in common: any position will do, and is 0 (null(4)). */
abstract class MemDevice implements FileOperations, Stateful {

    @Override
    public boolean positional() {
        return true;
    }

    @Override
    public long seek(Task task, FileDescription file, long offset, int whence) {
        return 0;
    }

    /** How much of the target the call had filled before its handler was replaced; it is passed over. */
    static long begin(Task task, IoBuffer target) {
        long filled = task == null ? 0 : task.call().done();
        target.skip(filled);
        return filled;
    }

    /** Whether a long read has to end here: what is filled counts. */
    static boolean isCutShort(Task task, IoBuffer target) {
        return task != null && target.remaining() > 0 && task.interrupted();
    }

    /** Takes everything. */
    static long discard(IoBuffer source) {
        long taken = 0;
        while (source.remaining() > 0) {
            long address = source.span();
            if (address < 0) {
                return taken > 0 ? taken : address;
            }
            long length = source.spanLength();
            source.advance(length);
            taken += length;
        }
        return taken;
    }
}
