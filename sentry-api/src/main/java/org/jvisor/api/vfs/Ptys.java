// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.kernel.Tty;
import org.osgi.annotation.versioning.ProviderType;

/** Pseudoterminals for containers' own terminals (ContainerSpec.terminal). A service of fs-dev. Any thread. */
@ProviderType
public interface Ptys {

    /**
     * Makes a pair in the devpts that is mounted in {@code namespace}, or in one that nobody sees where there is none.
     *
     * @param uid who owns the slave
     * @throws org.jvisor.api.abi.ErrnoException ENOSPC, ENOMEM
     */
    Pty open(MountNamespace namespace, int uid, int gid);

    /** A pair whose master the kernel itself holds. */
    @ProviderType
    interface Pty {

        /** For {@link org.jvisor.api.kernel.Session#acquire}, {@link Tty#setSession} and {@link Tty#setForeground}. */
        Tty tty();

        /** Opens the slave for reading and writing, without making it anybody's controlling terminal; one reference, the caller's. */
        FileDescription openSlave();

        /**
         * From now on what the host's terminal gives is the slave's input, and what the slave writes goes to the host's terminal,
         * until {@link #close}. The descriptor, in raw mode, belongs to the pair then. At most once.
         */
        void connect(int hostFd);

        /** The window's new size; SIGWINCH goes to the foreground processes when it differs. */
        void resize(int rows, int columns);

        /**
         * Hangs up, after everything that was written so far has gone to the host's terminal, as long as that takes it. Does not
         * wait for that. Once, before a container's exit is reported.
         *
         * @param closed is run when that has been done, by a thread that is inside the kernel; perhaps at once. It outlives the
         *     bundle
         */
        void close(Runnable closed);
    }
}
