// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Ptys.Pty;
import org.jvisor.core.process.TaskImpl;

/** Standard input, output and error of a process that is started from outside. */
final class ContainerStdio {

    private static final int STREAMS = 3;

    private final ContainerDevices devices;
    private final ProcessSpec spec;
    private final DonatedDescriptors donated;

    ContainerStdio(ContainerDevices devices, ProcessSpec spec, DonatedDescriptors donated) {
        this.devices = devices;
        this.spec = spec;
        this.donated = donated;
    }

    void open(StartedProcess process, TaskImpl task) {
        int uid = spec.user().uid();
        int gid = spec.user().gid();
        FileDescription terminal = null;
        try {
            if (spec.terminal()) {
                terminal = openTerminal(process, task, uid, gid);
            }
            for (int fd = 0; fd < STREAMS; fd++) {
                if (terminal != null && (spec.ttyFds() >> fd & 1) != 0) {
                    terminal.retain();
                    put(task, fd, terminal);
                } else if (spec.stdio()[fd] >= 0) {
                    FileDescription file = devices.hostFiles().open(spec.stdio()[fd], uid, gid);
                    donated.take(spec.stdio()[fd]);
                    put(task, fd, file);
                }
            }
        } catch (ErrnoException e) {
            throw new StartException("opening the standard streams: " + Failures.text(e), e.errno());
        } finally {
            if (terminal != null) {
                terminal.release(task);
            }
        }
    }

    private static void put(TaskImpl task, int fd, FileDescription file) {
        long limit = Math.max(STREAMS, task.group().softLimit(Rlimit.RLIMIT_NOFILE));
        ErrnoException.check(task.files().put(task, fd, file, limit, false));
    }

    /** The pty is the controlling terminal of the process, which is in its foreground. */
    private FileDescription openTerminal(StartedProcess process, TaskImpl task, int uid, int gid) {
        Pty pty = devices.ptys().open(task.mounts(), uid, gid);
        process.setPty(pty);
        Tty tty = pty.tty();
        Session session = task.group().session();
        session.acquire(tty);
        tty.setSession(session);
        tty.setForeground(task.group().processGroup().id());
        pty.resize(spec.ttyRows(), spec.ttyColumns());
        if (spec.ttyFd() >= 0) {
            pty.connect(donated.take(spec.ttyFd()));
        }
        return pty.openSlave();
    }
}
