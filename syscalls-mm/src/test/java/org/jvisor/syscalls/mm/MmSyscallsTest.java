// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.vfs.FdTable;

/** What the family itself decides; the rest is asked of the memory manager. */
final class MmSyscallsTest {

    private final List<String> asked = new ArrayList<>();
    private final MmSyscalls family = new MmSyscalls();

    private final MemoryManager mm = fake(MemoryManager.class, (name, arguments) -> {
        asked.add(name);
        return 42L;
    });
    /** Memory that holds a NUL everywhere. */
    private final UserMemory memory = fake(UserMemory.class, (name, arguments) -> switch (name) {
        case "getLong" -> 1L;
        case "getString" -> throw ErrnoException.of(Errno.ENAMETOOLONG);
        case "getByte" -> throw ErrnoException.of(Errno.EFAULT);
        default -> null;
    });
    private final FdTable files = fake(FdTable.class, (name, arguments) -> null);
    private final Task task = fake(Task.class, (name, arguments) -> switch (name) {
        case "mm" -> mm;
        case "memory" -> memory;
        case "files" -> files;
        case "call" -> new Call();
        default -> throw new UnsupportedOperationException(name);
    });

    private interface Answer {
        Object to(String name, Object[] arguments);
    }

    private static <T> T fake(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> answer.to(method.getName(), arguments)));
    }

    private long call(int number, long... values) {
        long[] v = Arrays.copyOf(values, 6);
        Arguments a = new Arguments();
        a.number = number;
        a.a0 = v[0];
        a.a1 = v[1];
        a.a2 = v[2];
        a.a3 = v[3];
        a.a4 = v[4];
        a.a5 = v[5];
        return family.call(task, a);
    }

    @Test
    void shouldAnswerEachNumberOnce() {
        List<CallTable.Row> rows = family.calls().rows();
        assertEquals(rows.size(), rows.stream().mapToInt(CallTable.Row::number).distinct().count());
        for (CallTable.Row row : rows) {
            assertSame(family, row.handler());
        }
        assertEquals(-Errno.ENOSYS, call(SyscallNr.READ));
    }

    @Test
    void shouldAskTheMemoryManager() {
        assertEquals(42, call(SyscallNr.MMAP, 0, 4096, 3, Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, -1, 0));
        assertEquals(42, call(SyscallNr.MUNMAP, 0, 4096));
        assertEquals(42, call(SyscallNr.MPROTECT, 0, 4096, 1));
        assertEquals(42, call(SyscallNr.BRK, 0));
        assertEquals(42, call(SyscallNr.MLOCK2, 0, 4096, 1));
        assertEquals(List.of("mmap", "munmap", "mprotect", "brk", "mlock"), asked);
    }

    @Test
    void shouldRefuseDescriptorsThatAreNotOpen() {
        assertEquals(-Errno.EBADF, call(SyscallNr.MMAP, 0, 4096, 3, Mman.MAP_PRIVATE, 7, 0));
        assertEquals(List.of(), asked);
    }

    @Test
    void shouldBeAProcessorWithoutProtectionKeys() {
        assertEquals(-Errno.ENOSPC, call(SyscallNr.PKEY_ALLOC, 0, Mman.PKEY_DISABLE_WRITE));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PKEY_ALLOC, 1, 0));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PKEY_ALLOC, 0, 4));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PKEY_FREE, 1));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PKEY_MPROTECT, 0, 4096, 1, 1));
        assertEquals(42, call(SyscallNr.PKEY_MPROTECT, 0, 4096, 1, -1));
    }

    @Test
    void shouldHaveOneNode() {
        assertEquals(0, call(SyscallNr.SET_MEMPOLICY, Mman.MPOL_DEFAULT, 0, 0));
        assertEquals(0, call(SyscallNr.SET_MEMPOLICY, Mman.MPOL_BIND, 4096, 2));
        assertEquals(-Errno.EINVAL, call(SyscallNr.SET_MEMPOLICY, Mman.MPOL_BIND, 0, 0));
        assertEquals(-Errno.EINVAL, call(SyscallNr.SET_MEMPOLICY, Mman.MPOL_DEFAULT, 4096, 2));
        assertEquals(-Errno.EINVAL, call(SyscallNr.SET_MEMPOLICY, 99, 0, 0));
        assertEquals(0, call(SyscallNr.GET_MEMPOLICY, 4096, 0, 0, 0, 0));
        assertEquals(-Errno.EINVAL, call(SyscallNr.GET_MEMPOLICY, 4096, 0, 0, 0, 64));
        assertEquals(-Errno.EINVAL, call(SyscallNr.MBIND, 1, 4096, Mman.MPOL_DEFAULT, 0, 0, 0));
    }

    /** syscalls-fs has it: of two families that answer a number only one is ever asked. */
    @Test
    void shouldLeaveMemfdsToTheFamilyOfFiles() {
        assertFalse(family.calls().rows().stream().anyMatch(row -> row.number() == SyscallNr.MEMFD_CREATE));
    }

    @Test
    void shouldCheckVectorsOfOtherProcesses() {
        assertEquals(-Errno.EINVAL, call(SyscallNr.PROCESS_VM_READV, 1, 0, 0, 0, 0, 1));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PROCESS_VM_READV, 1, 0, 1025, 0, 0, 0));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PROCESS_VM_WRITEV, 1, 0, 0, 0, -1, 0));
        assertEquals(-Errno.EINVAL, call(SyscallNr.PROCESS_MADVISE, 1, 0, 0, 0, 1));
    }
}
