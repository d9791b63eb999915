// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.NamespaceFiles;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.VfsPath;

/** The numbers of namespaces. Those of the first of a kind are the same on every Linux machine; others get what follows. */
final class NamespaceFilesImpl implements NamespaceFiles {
    private static final Map<String, Long> FIRST = Map.of("time", 4026531834L, "cgroup", 4026531835L, "pid", 4026531836L, "user",
            4026531837L, "uts", 4026531838L, "ipc", 4026531839L, "net", 4026531840L, "mnt", 4026531841L);
    private static final long OTHERS = 4026532000L;

    private final Kernel kernel;

    // ---- guarded by this
    private final Map<Object, Long> numbers = new WeakHashMap<>();
    private final Map<String, FileDescription> files = new HashMap<>();
    private long next = OTHERS;

    NamespaceFilesImpl(Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public String text(String name, Task task) {
        String kind = name.replace("_for_children", "");
        Object object = switch (kind) {
            case "uts" -> task.uts();
            case "mnt" -> task.mounts();
            default -> null;
        };
        return kind + ":[" + (object == null ? FIRST.get(kind) : number(object)) + "]";
    }

    private synchronized long number(Object namespace) {
        Long known = numbers.get(namespace);
        if (known == null) {
            known = next++;
            numbers.put(namespace, known);
        }
        return known;
    }

    @Override
    public synchronized VfsPath place(String name, Task task) {
        String text = text(name, task);
        return files.computeIfAbsent(text, t -> kernel.vfs().newAnonymous(new FileOperations() {}, Open.O_RDONLY, t,
                Mode.S_IFREG | 0444)).path();
    }
}
