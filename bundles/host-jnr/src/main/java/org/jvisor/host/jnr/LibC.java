// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.jnr;

/** The functions of libc that are called, all with 64-bit arguments: where C has narrower ones, the upper halves are unused. */
public interface LibC {

    /** -1 and an errno where the host's kernel returns a negative errno. */
    long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5);

    long aligned_alloc(long alignment, long bytes);

    void free(long address);

    /** The last argument is not C's: jnr-ffi 2.2.18 spoils the sixth of a function with exactly six. */
    int posix_spawn(long pid, long path, long actions, long attributes, long argv, long envp, long none);

    int posix_spawn_file_actions_init(long actions);

    int posix_spawn_file_actions_adddup2(long actions, int from, int to);

    int posix_spawn_file_actions_addclose(long actions, int descriptor);

    int posix_spawn_file_actions_destroy(long actions);

    int posix_spawnattr_init(long attributes);

    int posix_spawnattr_setsigdefault(long attributes, long signals);

    int posix_spawnattr_setflags(long attributes, short flags);

    int posix_spawnattr_destroy(long attributes);
}
