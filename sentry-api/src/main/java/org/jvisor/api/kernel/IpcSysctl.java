// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** What is set for an IPC namespace below /proc/sys, and shared memory goes by (proc(5), shmget(2)). */
public enum IpcSysctl {

    /** Bytes of the largest segment. ULONG_MAX - 2^24: as good as no limit. */
    SHMMAX("kernel/shmmax", "18446744073692774399"),
    /** Pages of all segments together. */
    SHMALL("kernel/shmall", "18446744073692774399"),
    /** Segments. */
    SHMMNI("kernel/shmmni", "4096");

    private final String path;
    private final String initial;

    IpcSysctl(String path, String initial) {
        this.path = path;
        this.initial = initial;
    }

    /** Below /proc/sys. */
    public String path() {
        return path;
    }

    public String initial() {
        return initial;
    }

    /** The value in a namespace; unsigned. */
    public long of(IpcNamespace namespace) {
        return Long.parseUnsignedLong(namespace.sysctls().get(path, initial));
    }
}
