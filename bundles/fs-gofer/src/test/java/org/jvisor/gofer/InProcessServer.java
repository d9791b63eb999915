// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.util.concurrent.CountDownLatch;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.p9.unix.UnixTransport;

/** The gofer's server in this process, unconfined. */
public final class InProcessServer {
    public final CountDownLatch done = new CountDownLatch(1);

    /** Serves what {@code root}, an O_PATH descriptor, stands for, over {@code socket}. */
    public InProcessServer(HostKernel host, int socket, int root, int procFd, boolean readOnly) {
        host.syscall(SyscallNr.UMASK, 0);
        new Connection(host, new UnixTransport(host).serve(socket, 64 << 10), new Export(root, readOnly), procFd, done).start();
    }

    /** Flags for {@code root} and {@code procFd}. */
    public static int flags() {
        return Open.O_PATH | Open.O_CLOEXEC;
    }
}
