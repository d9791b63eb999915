// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** The task that makes a call, process {@link #PID} of group {@link #GROUP}, with some memory; what it asks of others is kept. */
final class Caller {

    static final int PID = 7;
    static final int GROUP = 5;
    static final int SESSION = 3;
    /** Where its memory begins; below and beyond is none. */
    static final long BASE = 0x10000;

    /** What one method answers. */
    interface Answer {
        Object to(Object... arguments);
    }

    final byte[] bytes = new byte[8192];
    final List<SignalInfo> signals = new ArrayList<>();
    final Map<Integer, ThreadGroup> groups = new HashMap<>();
    final Map<Integer, Task> tasks = new HashMap<>();
    final Map<Integer, ProcessGroup> processGroups = new HashMap<>();
    final Map<Integer, FileDescription> files = new HashMap<>();
    /** More of the task's methods, or other answers. */
    final Map<String, Answer> own = new HashMap<>();
    /** Likewise of its process. */
    final Map<String, Answer> ofGroup = new HashMap<>();
    Credentials credentials = Credentials.ROOT;

    private final byte[] scratch = new byte[4096];
    private final UserMemory memory = of(UserMemory.class, Map.of(
            "getByte", a -> bytes[at(a[0], 1)],
            "putByte", a -> bytes[at(a[0], 1)] = (byte) a[1],
            "getLong", a -> Bytes.getLong(bytes, at(a[0], 8)),
            "putInt", a -> put(() -> Bytes.putInt(bytes, at(a[0], 4), (int) a[1])),
            "putLong", a -> put(() -> Bytes.putLong(bytes, at(a[0], 8), (long) a[1])),
            "copyIn", a -> put(() -> System.arraycopy(bytes, at(a[0], (int) a[3]), a[1], (int) a[2], (int) a[3])),
            "copyOut", a -> put(() -> System.arraycopy(a[0], (int) a[1], bytes, at(a[3], (int) a[2]), (int) a[2]))));
    final ProcessGroup processGroup = of(ProcessGroup.class, Map.of("id", a -> GROUP));
    final ThreadGroup group = of(ThreadGroup.class, ofGroup);
    final Task task = of(Task.class, own);

    Caller() {
        processGroups.put(GROUP, processGroup);
        Session session = of(Session.class, Map.of("id", a -> SESSION));
        ofGroup.put("pid", a -> PID);
        ofGroup.put("processGroup", a -> processGroup);
        ofGroup.put("session", a -> session);
        ofGroup.put("taskCount", a -> 1);
        ofGroup.put("send", a -> signals.add((SignalInfo) a[0]) ? null : null);
        PidNamespace pids = of(PidNamespace.class, Map.of("threadGroup", a -> groups.get(a[0]), "task", a -> tasks.get(a[0]),
                "processGroup", a -> processGroups.get(a[0]), "threadGroups", a -> List.copyOf(groups.values())));
        groups.put(PID, group);
        tasks.put(PID, task);
        own.put("group", a -> group);
        own.put("tid", a -> PID);
        own.put("scratch", a -> scratch);
        own.put("memory", a -> memory);
        own.put("pidNamespace", a -> pids);
        own.put("credentials", a -> credentials);
        own.put("setCredentials", a -> put(() -> credentials = (Credentials) a[0]));
        own.put("hasCapability", a -> credentials.has((int) a[0]));
        own.put("maySignal", a -> 0L);
        own.put("send", a -> signals.add((SignalInfo) a[0]) ? null : null);
        own.put("files", a -> of(org.jvisor.api.vfs.FdTable.class, Map.of("acquire", b -> files.get(b[0]))));
    }

    private static Object put(Runnable action) {
        action.run();
        return null;
    }

    /** The place of {@code length} bytes at an address, or EFAULT. */
    private int at(Object address, int length) {
        long at = (long) address - BASE;
        if (at < 0 || at + length > bytes.length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return (int) at;
    }

    /** Answers the methods of these names; any other fails the test. */
    static <T> T of(Class<T> type, Map<String, Answer> answers) {
        return type.cast(Proxy.newProxyInstance(Caller.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Answer answer = answers.get(method.getName());
            if (answer != null) {
                return answer.to(arguments == null ? new Object[0] : arguments);
            }
            return switch (method.getName()) {
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                case "toString" -> type.getSimpleName();
                default -> throw new UnsupportedOperationException(method.getName());
            };
        }));
    }

    static Arguments arguments(long... values) {
        Arguments a = new Arguments();
        long[] all = new long[6];
        System.arraycopy(values, 0, all, 0, values.length);
        a.a0 = all[0];
        a.a1 = all[1];
        a.a2 = all[2];
        a.a3 = all[3];
        a.a4 = all[4];
        a.a5 = all[5];
        return a;
    }
}
