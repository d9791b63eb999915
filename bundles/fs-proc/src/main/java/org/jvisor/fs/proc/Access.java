// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;

/** Who may look at whom: ptrace(2), "Ptrace access mode checking". */
final class Access {
    /** PR_GET_DUMPABLE of a process that may be dumped and looked at by its own user. */
    private static final int SUID_DUMP_USER = 1;

    private Access() {
    }

    /** PTRACE_MODE_READ_FSCREDS. A null reader is the kernel. */
    static boolean mayRead(Task reader, Task target) {
        if (reader == null || reader.group() == target.group()) {
            return true;
        }
        return mayRead(reader.credentials(), target);
    }

    /** The same for someone who is not {@code target}'s own process. */
    static boolean mayRead(Credentials who, Task target) {
        boolean privileged = who.has(Capability.CAP_SYS_PTRACE);
        Credentials whose = target.credentials();
        boolean same = who.fsuid() == whose.euid() && who.fsuid() == whose.suid() && who.fsuid() == whose.uid()
                && who.fsgid() == whose.egid() && who.fsgid() == whose.sgid() && who.fsgid() == whose.gid();
        if (!same && !privileged) {
            return false;
        }
        if (!isDumpable(target) && !privileged) {
            return false;
        }
        // The capability module asks that nobody looks at someone who can do more.
        return privileged || (whose.permitted() & ~who.effective()) == 0;
    }

    static void requireRead(Task reader, Task target) {
        if (!mayRead(reader, target)) {
            throw ErrnoException.of(Errno.EACCES);
        }
    }

    static boolean isDumpable(Task target) {
        return target.group().dumpable() == SUID_DUMP_USER;
    }
}
