// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.jvisor.api.abi.SyscallNr.*;

/** The system calls that a sealed gofer may make. One list: the filter is made of it, and a test holds it against the code. */
final class AllowedCalls {

    /** The gofer's own. */
    static final int[] OWN = {
        OPENAT, CLOSE, STATX, FCHOWNAT, FCHMODAT, UTIMENSAT, FTRUNCATE, READLINKAT, LINKAT, UNLINKAT, RENAMEAT2, MKDIRAT, MKNODAT,
        SYMLINKAT, GETDENTS64, LSEEK, PREAD64, PWRITE64, FSYNC, FDATASYNC, FSTATFS, FCNTL, FLISTXATTR, FGETXATTR, FSETXATTR,
        FREMOVEXATTR, SENDTO, SENDMSG, RECVFROM, RECVMSG, SHUTDOWN,
    };

    /** What the JVM does beside running: it looks for files now and then, and finds nothing in an empty root. */
    static final int[] JVM = {NEWFSTATAT, READLINK, OPEN, ACCESS};

    private AllowedCalls() {
    }
}
