// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.host;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The host's kernel and raw memory. All methods may be called from any thread and allocate nothing, except where said.
 *
 * <p>Addresses are the Sentry's own. None is checked: the caller has checked it, or faults the JVM. Values are little-endian
 * and need no alignment, except for the volatile and atomic forms, which need their natural one.
 */
@ProviderType
public interface HostKernel {

    /**
     * Makes a raw system call (see syscall(2)); it may block.
     *
     * @return the result, or a negative errno
     */
    long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5);

    default long syscall(long number) {
        return syscall(number, 0, 0, 0, 0, 0, 0);
    }

    default long syscall(long number, long a0) {
        return syscall(number, a0, 0, 0, 0, 0, 0);
    }

    default long syscall(long number, long a0, long a1) {
        return syscall(number, a0, a1, 0, 0, 0, 0);
    }

    default long syscall(long number, long a0, long a1, long a2) {
        return syscall(number, a0, a1, a2, 0, 0, 0);
    }

    default long syscall(long number, long a0, long a1, long a2, long a3) {
        return syscall(number, a0, a1, a2, a3, 0, 0);
    }

    /**
     * Starts a program as posix_spawn(3) does, from the calling thread, so that it inherits that thread's namespaces. It has a
     * session of its own: the keys of the caller's terminal (Ctrl-C, Ctrl-Z) do not reach it.
     * Allocates.
     *
     * @return the process id, or a negative errno
     */
    int spawn(SpawnRequest request);

    /** The time stamp counter, read with the ordering of RDTSCP or LFENCE; RDTSC. */
    long timeStampCounter();

    /** Zeroed memory of {@code bytes}, aligned to 64 bytes, valid until {@link #free}. */
    long allocate(long bytes);

    void free(long address);

    byte getByte(long address);

    short getShort(long address);

    int getInt(long address);

    long getLong(long address);

    void putByte(long address, byte value);

    void putShort(long address, short value);

    void putInt(long address, int value);

    void putLong(long address, long value);

    int getIntVolatile(long address);

    void putIntVolatile(long address, int value);

    long getLongVolatile(long address);

    void putLongVolatile(long address, long value);

    /** @return the value found, which is {@code expected} when the exchange took place */
    int compareAndExchangeInt(long address, int expected, int value);

    /** Copies between two ranges, which may overlap. */
    void copy(long from, long to, long bytes);

    void copyIn(long from, byte[] to, int offset, int length);

    void copyOut(byte[] from, int offset, int length, long to);

    /** Copies {@code count} longs. */
    void copyIn(long from, long[] to, int offset, int count);

    /** Copies {@code count} longs. */
    void copyOut(long[] from, int offset, int count, long to);

    void fill(long address, long bytes, byte value);
}
