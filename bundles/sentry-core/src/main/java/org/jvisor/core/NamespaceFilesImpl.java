// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.Map;
import java.util.WeakHashMap;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.NamespaceFiles;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.vfs.VfsPath;

/** The numbers of namespaces. Those of the first of a kind are the same on every Linux machine; others get what follows. */
public final class NamespaceFilesImpl implements NamespaceFiles {
    private static final Map<String, Long> FIRST = Map.of("time", 4026531834L, "cgroup", 4026531835L, "pid", 4026531836L, "user",
            4026531837L, "uts", 4026531838L, "ipc", 4026531839L, "net", 4026531840L, "mnt", 4026531841L);
    private static final long OTHERS = 4026532000L;
    private static final String FOR_CHILDREN = "_for_children";

    private final Kernel kernel;

    private final Mutex lock = new Mutex(LockRank.KERNEL);
    // ---- guarded by the lock; both know a namespace as long as somebody is in it
    private final Map<Object, Long> numbers = new WeakHashMap<>();
    private final Map<Object, VfsPath> places = new WeakHashMap<>();
    private long next = OTHERS;
    private boolean namedInitial;

    NamespaceFilesImpl(Kernel kernel) {
        this.kernel = kernel;
    }

    /** Those of the sandbox's first container are its initial ones. */
    public void nameInitial(Namespaces initial) {
        try (Mutex _ = lock.take()) {
            if (namedInitial) {
                return;
            }
            namedInitial = true;
            for (String kind : FIRST.keySet()) {
                Object namespace = of(kind, initial);
                if (namespace != null) {
                    numbers.put(namespace, FIRST.get(kind));
                }
            }
        }
    }

    private static Object of(String kind, Namespaces namespaces) {
        return switch (kind) {
            case "mnt" -> namespaces.mounts();
            case "uts" -> namespaces.uts();
            case "ipc" -> namespaces.ipc();
            case "pid" -> namespaces.pid();
            case "net" -> namespaces.net();
            case "cgroup" -> namespaces.cgroup();
            case "time" -> namespaces.time();
            default -> null;
        };
    }

    /** Null where there is but one of a kind. */
    private static Object of(String kind, Task task) {
        return of(kind, task.namespaces());
    }

    private static String kind(String name) {
        return name.endsWith(FOR_CHILDREN) ? name.substring(0, name.length() - FOR_CHILDREN.length()) : name;
    }

    @Override
    public String text(String name, Task task) {
        try (Mutex _ = lock.take()) {
            String kind = kind(name);
            return text(kind, of(kind, task));
        }
    }

    private String text(String kind, Object namespace) {
        return kind + ":[" + (namespace == null ? FIRST.get(kind) : numbers.computeIfAbsent(namespace, made -> next++)) + "]";
    }

    @Override
    public VfsPath place(String name, Task task) {
        try (Mutex _ = lock.take()) {
            String kind = kind(name);
            Object namespace = of(kind, task);
            return places.computeIfAbsent(namespace == null ? kind : namespace,
                    made -> kernel.vfs().newAnonymousPlace(text(kind, namespace), Mode.S_IFREG | 0444));
        }
    }
}
