// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.launcher.host.HostTerminal;
import org.jvisor.launcher.sandbox.ContainerPlan.Stdio;

/** The caller's standard descriptors as a container gets them. */
final class CallerStdio {
    private static final long F_GETFD = 1;

    private CallerStdio() {
    }

    /** @param terminal whether those that are a terminal are replaced by one of the container's own */
    static Stdio of(HostKernel host, boolean terminal) {
        int[] descriptors = new int[3];
        int tty = -1;
        int bits = 0;
        for (int fd = 0; fd < descriptors.length; fd++) {
            descriptors[fd] = host.syscall(SyscallNr.FCNTL, fd, F_GETFD) == -Errno.EBADF ? -1 : fd;
            if (terminal && descriptors[fd] >= 0 && HostTerminal.isTerminal(host, fd)) {
                tty = tty < 0 ? fd : tty;
                bits |= 1 << fd;
            }
        }
        int[] window = tty < 0 ? new int[2] : new HostTerminal(host, tty).window();
        return new Stdio(descriptors, tty, bits, window[0], window[1]);
    }
}
