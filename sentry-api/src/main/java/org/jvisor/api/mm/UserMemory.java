// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A task's way to its application's memory. Used by that task's thread (and by ptrace(2)-like callers that hold the task
 * stopped). Plain memory access through a lock-free look-up; a page that is not there is faulted in. Allocates nothing except
 * where a String is returned.
 *
 * @apiNote every method but those that return a count throws {@link org.jvisor.api.abi.ErrnoException} EFAULT for memory that the
 *     application could not access itself
 */
@ProviderType
public interface UserMemory {

    byte getByte(long address);

    short getShort(long address);

    int getInt(long address);

    long getLong(long address);

    void putByte(long address, byte value);

    void putShort(long address, short value);

    void putInt(long address, int value);

    void putLong(long address, long value);

    /** Copies all of {@code length} bytes in. */
    void copyIn(long address, byte[] target, int offset, int length);

    /** Copies all of {@code length} bytes out. */
    void copyOut(byte[] source, int offset, int length, long address);

    void zero(long address, long length);

    /** Copies as much as is accessible; the count, which may be 0. */
    long tryCopyIn(long address, byte[] target, int offset, int length);

    long tryCopyOut(byte[] source, int offset, int length, long address);

    /**
     * Copies a NUL-terminated string in, without its NUL.
     *
     * @return its length, or {@code -ENAMETOOLONG} when there is no NUL in the first {@code target.length} bytes
     */
    int copyInString(long address, byte[] target);

    /** A NUL-terminated string of at most {@code max} bytes before the NUL, one char a byte; ENAMETOOLONG when longer. */
    String getString(long address, int max);

    /** Atomically, for futexes: the int at an aligned address. */
    int getIntVolatile(long address);

    /** @return the value found, {@code expected} when exchanged */
    int compareAndExchangeInt(long address, int expected, int value);

    /** What the two methods below give for a page that is not there. */
    long ABSENT = -1;

    /**
     * {@link #getIntVolatile} for whoever holds a lock that others wait for: nothing is faulted in.
     *
     * @return the value in the lower half, 0 in the upper one; or {@link #ABSENT}
     */
    long getIntIfPresent(long address);

    /** {@link #compareAndExchangeInt} in the same way. */
    long compareAndExchangeIntIfPresent(long address, int expected, int value);

    /**
     * What a futex in shared memory is known by: the same for two tasks exactly when they mean the same bytes.
     *
     * @return position in the memory file
     */
    long shareKey(long address);

    /** The task's buffer over one range, to be written by the kernel ({@code toUser}) or read by it. Valid until the next use. */
    IoBuffer range(long address, long length, boolean toUser);

    /**
     * The task's buffer over an array of struct iovec.
     *
     * @param count number of iovecs; EINVAL above IOV_MAX (1024) or when the lengths add up beyond SSIZE_MAX; lengths beyond
     *     MAX_RW_COUNT are cut as Linux does
     */
    IoBuffer vector(long iovec, int count, boolean toUser);
}
