// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * What a task has used beside time: getrusage(2), and {@code /proc/PID/io} of proc(5). Each task counts in one of its own, by its own
 * thread; any other may look, and may be a little late. Sums are objects that nobody else knows.
 */
public final class Usage implements Restorable {

    /** Results below this are the kernel's own: the call begins again, and is counted when it ends. */
    private static final long LOWEST_ERRNO = -511;

    private long faults;
    private long sleeps;
    private long reads;
    private long readBytes;
    private long writes;
    private long writtenBytes;

    /** Pages were brought, and not read from a disk: nothing ever is that the sandbox knows of. */
    public void countFaults(long pages) {
        faults += pages;
    }

    /** The task has given the processor away. */
    public void countSleep() {
        sleeps++;
    }

    /** A call that reads has ended with this result. */
    public void countRead(long result) {
        if (result > 0) {
            readBytes += result;
        }
        if (result >= LOWEST_ERRNO) {
            reads++;
        }
    }

    /** Likewise one that writes. */
    public void countWrite(long result) {
        if (result > 0) {
            writtenBytes += result;
        }
        if (result >= LOWEST_ERRNO) {
            writes++;
        }
    }

    /** Adds all of another's; returns itself. */
    public Usage add(Usage other) {
        faults += other.faults;
        sleeps += other.sleeps;
        return addTransfers(other);
    }

    /** Adds only what it has read and written. */
    public Usage addTransfers(Usage other) {
        reads += other.reads;
        readBytes += other.readBytes;
        writes += other.writes;
        writtenBytes += other.writtenBytes;
        return this;
    }

    /** ru_minflt. */
    public long faults() {
        return faults;
    }

    /** ru_nvcsw. Involuntary switches are the host's affair, which nobody here knows of. */
    public long sleeps() {
        return sleeps;
    }

    /** syscr. */
    public long reads() {
        return reads;
    }

    /** rchar. */
    public long readBytes() {
        return readBytes;
    }

    /** syscw. */
    public long writes() {
        return writes;
    }

    /** wchar. */
    public long writtenBytes() {
        return writtenBytes;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("usage", 1).put("faults", faults).put("sleeps", sleeps).put("reads", reads)
                .put("readBytes", readBytes).put("writes", writes).put("writtenBytes", writtenBytes);
    }

    @Override
    public void forget() {
        faults = 0;
        sleeps = 0;
        reads = 0;
        readBytes = 0;
        writes = 0;
        writtenBytes = 0;
    }

    @Override
    public void restore(StateRecord record) {
        faults = record.requireLong("faults");
        sleeps = record.requireLong("sleeps");
        reads = record.requireLong("reads");
        readBytes = record.requireLong("readBytes");
        writes = record.requireLong("writes");
        writtenBytes = record.requireLong("writtenBytes");
    }
}
