// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.PidFd;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/** A descriptor of a process (pidfd_open(2)). */
record PidFdFile(ThreadGroupImpl group) implements PidFd {

    /** The id for who reads: 0 where it has none, -1 when the process has been waited for. */
    @Override
    public String info(Task reader) {
        int pid = group.reaped ? -1 : reader.pidNamespace().threadGroup(group.pid()) == group ? group.pid() : 0;
        return "Pid:\t" + pid + "\nNSpid:\t" + pid + "\n";
    }

    @Override
    public int poll(FileDescription file) {
        return group.zombie() ? Poll.POLLIN | Poll.POLLRDNORM : 0;
    }

    @Override
    public WaitQueue waitQueue() {
        return group.exitQueue();
    }
}
