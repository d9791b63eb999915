// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;

/**
 * What a process that is started from outside is to be, a container's first one: {@code process} of the OCI runtime specification's
 * config.json, checked, with the descriptors that runsc handed over.
 *
 * @param arguments argv
 * @param environment NAME=value
 * @param noNewPrivileges see prctl(2)
 * @param stdio host descriptors of standard input, output and error, or -1
 * @param terminal whether stdio that is a terminal (tty, see {@code ttyFd}) is replaced by a pty of the sandbox's own
 * @param ttyFd the host's terminal, in raw mode, that the pty's master is connected with; -1 without one
 * @param ttyFds which of 0, 1 and 2 the pty takes the place of, as bits
 */
public record ProcessSpec(List<String> arguments, List<String> environment, String workingDirectory, User user,
        Capabilities capabilities, List<Rlimit> rlimits, boolean noNewPrivileges, int[] stdio, boolean terminal, int ttyFd, int ttyFds,
        int ttyRows, int ttyColumns) {

    /** The same with other standard streams. */
    public ProcessSpec withStdio(int[] otherStdio, boolean otherTerminal, int otherTtyFd, int otherTtyFds, int rows, int columns) {
        return new ProcessSpec(arguments, environment, workingDirectory, user, capabilities, rlimits, noNewPrivileges, otherStdio,
                otherTerminal, otherTtyFd, otherTtyFds, rows, columns);
    }

    public record User(int uid, int gid, List<Integer> additionalGids, int umask) {}

    /** Each as bits by CAP_*. */
    public record Capabilities(long bounding, long effective, long inheritable, long permitted, long ambient) {}

    /** @param type RLIMIT_* */
    public record Rlimit(int type, long soft, long hard) {}
}
