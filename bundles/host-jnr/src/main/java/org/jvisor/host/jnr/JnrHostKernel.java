// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.jnr;

import com.kenai.jffi.MemoryIO;
import java.lang.invoke.VarHandle;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.LastingCalls;
import org.jvisor.api.host.SpawnRequest;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The host by jnr-ffi: stands in where java.lang.foreign is not available. Its memory access goes through sun.misc.Unsafe, of
 * which newer Java versions warn.
 */
@Component(service = HostKernel.class, property = "service.ranking:Integer=0")
public final class JnrHostKernel implements HostKernel {
    private static final long ALIGNMENT = 64;

    private final LibC libc;
    private final Runtime runtime;
    private final MachineCode machineCode;
    private final MemoryIO memory = MemoryIO.getInstance();

    @Activate
    public JnrHostKernel() {
        libc = LibraryLoader.create(LibC.class).load("c");
        runtime = Runtime.getRuntime(libc);
        machineCode = new MachineCode(libc, memory);
    }

    @Override
    public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        LastingCalls.check(number, a1, a2, a3, a5);
        long result = libc.syscall(number, a0, a1, a2, a3, a4, a5);
        // No system call succeeds with -1, except those that libc wraps otherwise anyway, like ptrace(2)'s peeks.
        return result == -1 ? -LastError.getLastError(runtime) : result;
    }

    @Override
    public int spawn(SpawnRequest request) {
        return Spawn.run(libc, this, request);
    }

    @Override
    public long timeStampCounter() {
        return machineCode.timeStampCounter();
    }

    @Override
    public long allocate(long bytes) {
        long rounded = (bytes + ALIGNMENT - 1) & -ALIGNMENT;
        long address = libc.aligned_alloc(ALIGNMENT, rounded);
        if (address == 0) {
            throw new OutOfMemoryError("native memory, " + bytes + " bytes");
        }
        memory.setMemory(address, rounded, (byte) 0);
        return address;
    }

    @Override
    public void free(long address) {
        libc.free(address);
    }

    @Override
    public byte getByte(long address) {
        return memory.getByte(address);
    }

    @Override
    public short getShort(long address) {
        return memory.getShort(address);
    }

    @Override
    public int getInt(long address) {
        return memory.getInt(address);
    }

    @Override
    public long getLong(long address) {
        return memory.getLong(address);
    }

    @Override
    public void putByte(long address, byte value) {
        memory.putByte(address, value);
    }

    @Override
    public void putShort(long address, short value) {
        memory.putShort(address, value);
    }

    @Override
    public void putInt(long address, int value) {
        memory.putInt(address, value);
    }

    @Override
    public void putLong(long address, long value) {
        memory.putLong(address, value);
    }

    // Aligned accesses are single ones on x86-64; the fences order them as volatile accesses are.

    @Override
    public int getIntVolatile(long address) {
        int value = memory.getInt(address);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    public void putIntVolatile(long address, int value) {
        VarHandle.releaseFence();
        memory.putInt(address, value);
        VarHandle.fullFence();
    }

    @Override
    public long getLongVolatile(long address) {
        long value = memory.getLong(address);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    public void putLongVolatile(long address, long value) {
        VarHandle.releaseFence();
        memory.putLong(address, value);
        VarHandle.fullFence();
    }

    @Override
    public int compareAndExchangeInt(long address, int expected, int value) {
        return machineCode.compareAndExchange(address, expected, value);
    }

    @Override
    public void copy(long from, long to, long bytes) {
        memory.copyMemory(from, to, bytes);
    }

    @Override
    public void copyIn(long from, byte[] to, int offset, int length) {
        memory.getByteArray(from, to, offset, length);
    }

    @Override
    public void copyOut(byte[] from, int offset, int length, long to) {
        memory.putByteArray(to, from, offset, length);
    }

    @Override
    public void copyIn(long from, long[] to, int offset, int count) {
        memory.getLongArray(from, to, offset, count);
    }

    @Override
    public void copyOut(long[] from, int offset, int count, long to) {
        memory.putLongArray(to, from, offset, count);
    }

    @Override
    public void fill(long address, long bytes, byte value) {
        memory.setMemory(address, bytes, value);
    }
}
