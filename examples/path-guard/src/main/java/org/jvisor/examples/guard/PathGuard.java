// SPDX-License-Identifier: Apache-2.0
package org.jvisor.examples.guard;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.osgi.service.component.annotations.Component;

/**
 * Refuses to open what a program calls /etc/shadow. The name is judged as it stands in the program's memory; that another thread
 * writes a new one there meanwhile is no way past, because the handler is given the bytes that were judged. Links and relative
 * names are: this is an example of an interceptor, not of a policy.
 */
@Component
public final class PathGuard implements SyscallInterceptor {

    private static final String REFUSED = "/etc/shadow";

    @Override
    public int[] numbers() {
        return new int[] {SyscallNr.OPEN, SyscallNr.CREAT, SyscallNr.OPENAT, SyscallNr.OPENAT2};
    }

    /** An error that reading the name raises (EFAULT, ENAMETOOLONG) is the call's result. */
    @Override
    public long before(Task task, Arguments a) {
        boolean relative = a.number == SyscallNr.OPENAT || a.number == SyscallNr.OPENAT2;
        String path = task.memory().getString(relative ? a.a1 : a.a0, Open.PATH_MAX - 1);
        return path.equals(REFUSED) ? -Errno.EACCES : PASS;
    }
}
