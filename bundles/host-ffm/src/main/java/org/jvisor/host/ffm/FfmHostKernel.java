// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.ffm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.LastingCalls;
import org.jvisor.api.host.SpawnRequest;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The host by java.lang.foreign: the preferred way. Works as a component and by plain {@code new}; all instances are alike.
 */
@Component(service = HostKernel.class, property = "service.ranking:Integer=100")
public final class FfmHostKernel implements HostKernel {

    /** All of memory: an address is an offset into it. */
    private static final MemorySegment MEMORY = everything();
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final VarHandle ATOMIC_INT = ValueLayout.JAVA_INT.varHandle();
    private static final VarHandle ATOMIC_LONG = ValueLayout.JAVA_LONG.varHandle();

    /** @throws IllegalStateException native access is not enabled for this code (see java(1), --enable-native-access) */
    @Activate
    public FfmHostKernel() {
        if (!FfmHostKernel.class.getModule().isNativeAccessEnabled()) {
            throw new IllegalStateException("java.lang.foreign has no native access here: --enable-native-access is missing");
        }
        Native.load();
    }

    @SuppressWarnings("restricted")
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    @Override
    public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        LastingCalls.check(number, a1, a2, a3, a5);
        return Native.syscall(number, a0, a1, a2, a3, a4, a5);
    }

    @Override
    public int spawn(SpawnRequest request) {
        return Spawn.run(this, request);
    }

    @Override
    public long timeStampCounter() {
        return Native.timeStampCounter();
    }

    @Override
    public long allocate(long bytes) {
        return Native.allocate(bytes);
    }

    @Override
    public void free(long address) {
        Native.free(address);
    }

    @Override
    public byte getByte(long address) {
        return MEMORY.get(BYTE, address);
    }

    @Override
    public short getShort(long address) {
        return MEMORY.get(SHORT, address);
    }

    @Override
    public int getInt(long address) {
        return MEMORY.get(INT, address);
    }

    @Override
    public long getLong(long address) {
        return MEMORY.get(LONG, address);
    }

    @Override
    public void putByte(long address, byte value) {
        MEMORY.set(BYTE, address, value);
    }

    @Override
    public void putShort(long address, short value) {
        MEMORY.set(SHORT, address, value);
    }

    @Override
    public void putInt(long address, int value) {
        MEMORY.set(INT, address, value);
    }

    @Override
    public void putLong(long address, long value) {
        MEMORY.set(LONG, address, value);
    }

    @Override
    public int getIntVolatile(long address) {
        return (int) ATOMIC_INT.getVolatile(MEMORY, address);
    }

    @Override
    public void putIntVolatile(long address, int value) {
        ATOMIC_INT.setVolatile(MEMORY, address, value);
    }

    @Override
    public long getLongVolatile(long address) {
        return (long) ATOMIC_LONG.getVolatile(MEMORY, address);
    }

    @Override
    public void putLongVolatile(long address, long value) {
        ATOMIC_LONG.setVolatile(MEMORY, address, value);
    }

    @Override
    public int compareAndExchangeInt(long address, int expected, int value) {
        return (int) ATOMIC_INT.compareAndExchange(MEMORY, address, expected, value);
    }

    @Override
    public void copy(long from, long to, long bytes) {
        MemorySegment.copy(MEMORY, from, MEMORY, to, bytes);
    }

    @Override
    public void copyIn(long from, byte[] to, int offset, int length) {
        MemorySegment.copy(MEMORY, BYTE, from, to, offset, length);
    }

    @Override
    public void copyOut(byte[] from, int offset, int length, long to) {
        MemorySegment.copy(from, offset, MEMORY, BYTE, to, length);
    }

    @Override
    public void copyIn(long from, long[] to, int offset, int count) {
        MemorySegment.copy(MEMORY, LONG, from, to, offset, count);
    }

    @Override
    public void copyOut(long[] from, int offset, int count, long to) {
        MemorySegment.copy(from, offset, MEMORY, LONG, to, count);
    }

    @Override
    public void fill(long address, long bytes, byte value) {
        MEMORY.asSlice(address, bytes).fill(value);
    }
}
