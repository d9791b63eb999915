// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.List;
import java.util.Set;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.p9.P9Transport;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.ProcEntry;

/**
 * Whether what a service says about itself can be used: names, numbers, ranges. The kernel asks for it when it takes the service, or
 * each time that it looks for one of its kind, and then a program would have to pay for nonsense. Calls the bundle's code.
 */
final class OfferedServices {
    /** Beyond which the dispatch table has no slots. */
    private static final int MOST_NUMBERS = 1024;
    private static final int LONGEST_NAME = 255;
    private static final int MOST_MAJORS = 1 << 12;
    private static final int MOST_MINORS = 1 << 20;
    private static final int PERMISSIONS = 0777;
    private static final long MOST_STACK_BYTES = 64 << 20;

    private OfferedServices() {
    }

    /**
     * @param types that it is offered as
     * @throws IllegalArgumentException with what is wrong; whatever else the service throws
     */
    static void check(Object service, Set<String> types) {
        if (types.contains(SyscallFamily.class.getName()) && service instanceof SyscallFamily family) {
            checkFamily(family);
        }
        if (types.contains(SyscallInterceptor.class.getName()) && service instanceof SyscallInterceptor interceptor) {
            int[] numbers = present(interceptor.numbers(), "numbers()");
            for (int number : numbers) {
                inRange("numbers()", number, 0, MOST_NUMBERS - 1L);
            }
        }
        if (types.contains(SocketFamily.class.getName()) && service instanceof SocketFamily family) {
            inRange("domain()", family.domain(), 0, Socket.AF_MAX - 1L);
        }
        if (types.contains(FileSystemType.class.getName()) && service instanceof FileSystemType type) {
            name("name()", type.name());
            type.nodev();
            type.userMountable();
        }
        if (types.contains(DeviceDriver.class.getName()) && service instanceof DeviceDriver driver) {
            name("name()", driver.name());
            inRange("major()", driver.major(), 0, MOST_MAJORS - 1L);
            inRange("firstMinor()", driver.firstMinor(), 0, MOST_MINORS - 1L);
            inRange("lastMinor()", driver.lastMinor(), driver.firstMinor(), MOST_MINORS - 1L);
        }
        if (types.contains(ProcEntry.class.getName()) && service instanceof ProcEntry entry) {
            checkEntry(entry);
        }
        if (types.contains(Platform.class.getName()) && service instanceof Platform platform) {
            name("name()", platform.name());
            inRange("reservedBytes()", platform.reservedBytes(), 0, Long.MAX_VALUE);
            inRange("taskStackBytes()", platform.taskStackBytes(), 0, MOST_STACK_BYTES);
        }
        if (types.contains(P9Transport.class.getName()) && service instanceof P9Transport transport) {
            name("name()", transport.name());
        }
        if (types.contains(HostCaller.class.getName()) && service instanceof HostCaller caller) {
            present(caller.hostCalls(), "hostCalls()").forEach(call -> present(call, "hostCalls()"));
        }
    }

    private static void checkFamily(SyscallFamily family) {
        name("name()", family.name());
        List<CallTable.Row> rows = present(present(family.calls(), "calls()").rows(), "calls()");
        for (CallTable.Row row : rows) {
            inRange("calls()", row.number(), 0, MOST_NUMBERS - 1L);
            present(row.handler(), "a handler of calls()");
        }
    }

    private static void checkEntry(ProcEntry entry) {
        String path = present(entry.path(), "path()");
        List<String> parts = List.of(path.split("/", -1));
        if (parts.size() < 2 || parts.stream().anyMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."))) {
            throw new IllegalArgumentException("path() is no path below a folder of /proc: " + JarEntries.shown(path));
        }
        parts.forEach(part -> name("path()", part));
        inRange("permissions()", entry.permissions(), 0, PERMISSIONS);
    }

    private static <T> T present(T value, String what) {
        if (value == null) {
            throw new IllegalArgumentException(what + " is null");
        }
        return value;
    }

    /** One that programs are shown, a line each. */
    private static void name(String what, String value) {
        if (present(value, what).isBlank() || value.length() > LONGEST_NAME
            || value.chars().anyMatch(c -> c < ' ' || c == 0x7f || c > 0xff)) {
            throw new IllegalArgumentException(what + " is no name: " + JarEntries.shown(value));
        }
    }

    private static void inRange(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " is out of range: " + value);
        }
    }
}
