// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.jnr;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.SpawnRequest;

/** One posix_spawn(3): its arguments in native memory, and the descriptors on their way to the child. */
final class Spawn {
    private static final long F_DUPFD_CLOEXEC = 1030;
    private static final short POSIX_SPAWN_SETSIGDEF = 0x04;
    private static final short POSIX_SPAWN_SETSIGMASK = 0x08;
    private static final short POSIX_SPAWN_SETSID = 0x80;
    /** More than sizeof(posix_spawn_file_actions_t) and sizeof(posix_spawnattr_t). */
    private static final long OPAQUE_BYTES = 512;
    private static final long SIGSET_BYTES = 128;
    private static final String OPEN_PROGRAM = "/proc/self/fd/";

    private final LibC libc;
    private final HostKernel host;
    private final SpawnRequest request;
    private final List<Long> memory = new ArrayList<>();
    private final List<Long> moved = new ArrayList<>();

    private Spawn(LibC libc, HostKernel host, SpawnRequest request) {
        this.libc = libc;
        this.host = host;
        this.request = request;
    }

    static int run(LibC libc, HostKernel host, SpawnRequest request) {
        Spawn spawn = new Spawn(libc, host, request);
        try {
            return spawn.run();
        } finally {
            spawn.moved.forEach(descriptor -> host.syscall(SyscallNr.CLOSE, descriptor));
            spawn.memory.forEach(host::free);
        }
    }

    private int run() {
        long pid = allocate(4);
        long path = string(path());
        long argv = strings(request.arguments());
        long envp = strings(request.environment());
        long actions = allocate(OPAQUE_BYTES);
        int error = libc.posix_spawn_file_actions_init(actions);
        if (error != 0) {
            return -error;
        }
        try {
            error = passDescriptors(actions);
            if (error != 0) {
                return error;
            }
            long attributes = attributes();
            error = libc.posix_spawn(pid, path, actions, attributes, argv, envp, 0);
            libc.posix_spawnattr_destroy(attributes);
            return error != 0 ? -error : host.getInt(pid);
        } finally {
            libc.posix_spawn_file_actions_destroy(actions);
        }
    }

    /**
     * Each descriptor takes a detour over a number beyond all that the child gets: so no dup2 overwrites the source of a later
     * one, and none finds source and target equal, in which case FD_CLOEXEC would stay set.
     */
    private int passDescriptors(long actions) {
        int[] descriptors = request.descriptors();
        for (int i = 0; i < descriptors.length; i++) {
            int error;
            if (descriptors[i] < 0) {
                error = libc.posix_spawn_file_actions_addclose(actions, i);
            } else {
                long copy = move(descriptors[i]);
                if (copy < 0) {
                    return (int) copy;
                }
                error = libc.posix_spawn_file_actions_adddup2(actions, (int) copy, i);
            }
            if (error != 0) {
                return -error;
            }
        }
        return 0;
    }

    /** A copy of an open descriptor beyond the child's, or a negative errno. */
    private long move(int descriptor) {
        long copy = host.syscall(SyscallNr.FCNTL, descriptor, F_DUPFD_CLOEXEC, request.descriptors().length);
        if (copy >= 0) {
            moved.add(copy);
        }
        return copy;
    }

    /** The path of an open program names the caller's descriptor, which must not be one that the child gets another for. */
    private String path() {
        String path = request.path();
        if (!path.startsWith(OPEN_PROGRAM)) {
            return path;
        }
        long copy = move(Integer.parseInt(path.substring(OPEN_PROGRAM.length())));
        return copy < 0 ? path : OPEN_PROGRAM + copy;
    }

    /** No blocked and no ignored signals, whatever the calling thread's are; a session without a terminal. */
    private long attributes() {
        long attributes = allocate(OPAQUE_BYTES);
        libc.posix_spawnattr_init(attributes);
        long all = allocate(SIGSET_BYTES);
        host.fill(all, SIGSET_BYTES, (byte) 0xff);
        libc.posix_spawnattr_setsigdefault(attributes, all);
        libc.posix_spawnattr_setflags(attributes, (short) (POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
        return attributes;
    }

    private long strings(List<String> strings) {
        long array = allocate(Long.BYTES * (strings.size() + 1L));
        for (int i = 0; i < strings.size(); i++) {
            host.putLong(array + (long) Long.BYTES * i, string(strings.get(i)));
        }
        return array;
    }

    private long string(String string) {
        byte[] bytes = string.getBytes(StandardCharsets.ISO_8859_1);
        long address = allocate(bytes.length + 1L);
        host.copyOut(bytes, 0, bytes.length, address);
        return address;
    }

    private long allocate(long bytes) {
        long address = host.allocate(bytes);
        memory.add(address);
        return address;
    }
}
