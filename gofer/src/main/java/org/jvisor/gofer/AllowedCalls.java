// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.jvisor.api.abi.SyscallNr.*;

import java.util.List;
import org.jvisor.api.abi.Open;
import org.jvisor.api.host.HostCall;
import org.jvisor.host.seal.JvmCalls;
import org.jvisor.p9.unix.UnixTransport;

/** The system calls that a sealed gofer may make. One list: the filter is made of it, and a test holds it against the code. */
final class AllowedCalls {

    /** The gofer's own, beside its transport's. */
    static final List<HostCall> OWN = HostCall.all(
        List.of(HostCall.of(FCNTL).with(1, Open.F_DUPFD_CLOEXEC, Open.F_OFD_SETLK, Open.F_OFD_GETLK)),
        HostCall.listOf(OPENAT, CLOSE, STATX, FCHOWNAT, FCHMODAT, UTIMENSAT, FTRUNCATE, READLINKAT, LINKAT, UNLINKAT, RENAMEAT2,
            MKDIRAT, MKNODAT, SYMLINKAT, GETDENTS64, LSEEK, PREAD64, PWRITE64, FSYNC, FDATASYNC, FSTATFS, FLISTXATTR, FGETXATTR,
            FSETXATTR, FREMOVEXATTR));

    private AllowedCalls() {
    }

    /** @param self the process's id */
    static List<HostCall> all(UnixTransport transport, int self) {
        return HostCall.all(OWN, transport.hostCalls(), JvmCalls.running(self));
    }
}
