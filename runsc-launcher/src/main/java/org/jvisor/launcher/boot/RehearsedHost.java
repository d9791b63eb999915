// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.jvisor.api.abi.SyscallNr.*;

import java.util.Set;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.SpawnRequest;

/**
 * The host as the seal finds it in the run from which the AOT cache is made: what would seal the process is said to be done and is
 * not, since that run has yet to write its record. So all that the seal goes through is in the cache.
 */
final class RehearsedHost implements HostKernel {
    private static final Set<Integer> PRETENDED = Set.of(PRCTL, SECCOMP, TGKILL, MKDIR, SYMLINK, MOUNT, UMOUNT2, CHDIR, PIVOT_ROOT, CHROOT);

    private final HostKernel host;
    private boolean signalled;

    RehearsedHost(HostKernel host) {
        this.host = host;
    }

    @Override
    public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        if (number == TGKILL) {
            signalled = true;
        }
        // Nobody is left who would have to be signalled once more.
        boolean isPretended = PRETENDED.contains((int) number) || number == GETDENTS64 && signalled;
        return isPretended ? 0 : host.syscall(number, a0, a1, a2, a3, a4, a5);
    }

    @Override
    public int spawn(SpawnRequest request) {
        return host.spawn(request);
    }

    @Override
    public long timeStampCounter() {
        return host.timeStampCounter();
    }

    @Override
    public long allocate(long bytes) {
        return host.allocate(bytes);
    }

    @Override
    public void free(long address) {
        host.free(address);
    }

    @Override
    public byte getByte(long address) {
        return host.getByte(address);
    }

    @Override
    public short getShort(long address) {
        return host.getShort(address);
    }

    @Override
    public int getInt(long address) {
        return host.getInt(address);
    }

    @Override
    public long getLong(long address) {
        return host.getLong(address);
    }

    @Override
    public void putByte(long address, byte value) {
        host.putByte(address, value);
    }

    @Override
    public void putShort(long address, short value) {
        host.putShort(address, value);
    }

    @Override
    public void putInt(long address, int value) {
        host.putInt(address, value);
    }

    @Override
    public void putLong(long address, long value) {
        host.putLong(address, value);
    }

    @Override
    public int getIntVolatile(long address) {
        return host.getIntVolatile(address);
    }

    @Override
    public void putIntVolatile(long address, int value) {
        host.putIntVolatile(address, value);
    }

    @Override
    public long getLongVolatile(long address) {
        return host.getLongVolatile(address);
    }

    @Override
    public void putLongVolatile(long address, long value) {
        host.putLongVolatile(address, value);
    }

    @Override
    public int compareAndExchangeInt(long address, int expected, int value) {
        return host.compareAndExchangeInt(address, expected, value);
    }

    @Override
    public void copy(long from, long to, long bytes) {
        host.copy(from, to, bytes);
    }

    @Override
    public void copyIn(long from, byte[] to, int offset, int length) {
        host.copyIn(from, to, offset, length);
    }

    @Override
    public void copyOut(byte[] from, int offset, int length, long to) {
        host.copyOut(from, offset, length, to);
    }

    @Override
    public void copyIn(long from, long[] to, int offset, int count) {
        host.copyIn(from, to, offset, count);
    }

    @Override
    public void copyOut(long[] from, int offset, int count, long to) {
        host.copyOut(from, offset, count, to);
    }

    @Override
    public void fill(long address, long bytes, byte value) {
        host.fill(address, bytes, value);
    }
}
