// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.vfs.FileDescription;

/** A bundle's family that answers system call 500 with the number in its bundle's file "answer", and read(2) as Linux does. */
public final class Swap implements SyscallFamily, SyscallHandler {

    static final int NUMBER = 500;

    private final int answer;

    public Swap() {
        try (InputStream in = Swap.class.getResourceAsStream("/answer")) {
            answer = in.read() - '0';
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "swap-" + answer;
    }

    @Override
    public CallTable calls() {
        return new CallTable(this).full(NUMBER, SyscallNr.READ);
    }

    @Override
    public long call(Task task, Arguments a) {
        if (a.number == NUMBER) {
            return answer;
        }
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            return file.read(task, task.memory().range(a.a1, a.a2, true));
        } finally {
            file.release(task);
        }
    }
}
