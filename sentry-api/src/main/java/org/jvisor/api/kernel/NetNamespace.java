// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.net.SocketFamilies;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;

/**
 * What sockets can find each other by (network_namespaces(7)), which one has which port or Unix name, and who makes them. Just the
 * tables: what may be entered is up to the socket families, whose sockets are replaced here when their bundle is. Guarded by a lock
 * that callers hold over several steps that belong together ({@link #take}); the locks of sockets are taken after it.
 */
public final class NetNamespace implements HandleSource {

    /**
     * A port of one protocol, for IPv4 and IPv6 alike, which share them (ipv6(7)).
     *
     * @param protocol IPPROTO_*
     */
    public record Port(int protocol, int number) {}

    /** The inode that a Unix name with a path is: its file system may be replaced, but keeps its numbers. */
    public record SocketFile(long device, long ino) {}

    private final long id;
    private final SocketFamilies families;
    private final Mutex lock = new Mutex(LockRank.NET_NAMESPACE);
    private final SysctlValues sysctls = new SysctlValues();
    private final Map<Port, List<Object>> ports = new HashMap<>();
    private final Map<Object, Object> unixNames = new HashMap<>();
    private int nextPort;
    private int nextUnixName;

    /** @param id unique among the network namespaces of a kernel */
    public NetNamespace(long id, SocketFamilies families) {
        this.id = id;
        this.families = families;
    }

    public long id() {
        return id;
    }

    /** The lock, taken; to be closed. Whoever is in the tables stays there, and nobody enters, until then. */
    public Mutex take() {
        return lock.take();
    }

    /** What is set below /proc/sys/net. */
    public SysctlValues sysctls() {
        return sysctls;
    }

    /** What holds of {@code one}; takes no lock. */
    public int setting(NetSysctl one) {
        String set = sysctls.get(one.path(), null);
        return set == null ? one.initial() : Integer.parseInt(set);
    }

    /** Who makes sockets of the domain here; null when nobody does. Takes no lock. */
    public SocketFamily family(int domain) {
        return families.family(domain);
    }

    // ---- ports

    /** Those bound to {@code port}, in the order of binding; not to be changed, and valid while the lock is held. */
    public List<Object> boundTo(Port port) {
        try (Mutex _ = lock.take()) {
            return ports.getOrDefault(port, List.of());
        }
    }

    public void bind(Port port, Object socket) {
        try (Mutex _ = lock.take()) {
            ports.computeIfAbsent(port, key -> new ArrayList<>(1)).add(socket);
        }
    }

    /** Nothing when it is not bound there. */
    public void unbind(Port port, Object socket) {
        try (Mutex _ = lock.take()) {
            List<Object> sockets = ports.get(port);
            if (sockets != null && sockets.remove(socket) && sockets.isEmpty()) {
                ports.remove(port);
            }
        }
    }

    /** The port after the one that was given last, from {@code first} to {@code last} and round again; it may be in use. */
    public int nextPort(int first, int last) {
        try (Mutex _ = lock.take()) {
            if (nextPort < first || nextPort > last) {
                nextPort = first;
            }
            return nextPort++;
        }
    }

    // ---- Unix names

    /**
     * Who has the name, or null.
     *
     * @param name a {@link SocketFile}, or a String of one char a byte: an abstract name
     */
    public Object named(Object name) {
        try (Mutex _ = lock.take()) {
            return unixNames.get(name);
        }
    }

    /** Gives {@code socket} the name unless somebody has it; whether it has it now. */
    public boolean name(Object name, Object socket) {
        try (Mutex _ = lock.take()) {
            return unixNames.putIfAbsent(name, socket) == null;
        }
    }

    /** Gives {@code socket} the name, whoever has it: that is for a file that is new, whose number an older one may have had. */
    public void nameAnew(Object name, Object socket) {
        try (Mutex _ = lock.take()) {
            unixNames.put(name, socket);
        }
    }

    /** Nothing when another has the name. */
    public void unname(Object name, Object socket) {
        try (Mutex _ = lock.take()) {
            unixNames.remove(name, socket);
        }
    }

    /** A number for the next name that is made up. */
    public int nextUnixName() {
        try (Mutex _ = lock.take()) {
            return nextUnixName++;
        }
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        try (Mutex _ = lock.take()) {
            for (List<Object> sockets : ports.values()) {
                for (int i = 0; i < sockets.size(); i++) {
                    int at = i;
                    FieldHandle.visit(visitor, "bound socket", this::id, Object.class, () -> sockets.get(at),
                            fresh -> sockets.set(at, fresh));
                }
            }
            for (Map.Entry<Object, Object> entry : unixNames.entrySet()) {
                FieldHandle.visit(visitor, "named socket", this::id, Object.class, entry::getValue, entry::setValue);
            }
        }
    }
}
