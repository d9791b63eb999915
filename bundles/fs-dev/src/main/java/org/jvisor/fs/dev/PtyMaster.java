// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.api.wait.WaitQueue;

/** The master of a pseudoterminal, open (ptmx(4)). When it goes, the terminal is hung up and its name is gone. Any thread. */
final class PtyMaster implements FileOperations, Stateful {

    private static final int PEER_FLAGS = Open.O_ACCMODE | Open.O_NOCTTY | Open.O_NONBLOCK | Open.O_CLOEXEC;

    private final DevptsFileSystem fileSystem;
    private final Terminal terminal;

    /** Where the slave's name is to be found. */
    private final VfsPath directory;

    PtyMaster(DevptsFileSystem fileSystem, Terminal terminal, VfsPath directory) {
        this.fileSystem = fileSystem;
        this.terminal = terminal;
        this.directory = directory;
    }

    /** What {@link #save} wrote. */
    PtyMaster(StateRecord record) {
        this(record.requireOwn("fileSystem", DevptsFileSystem.class), record.requireOwn("terminal", Terminal.class),
                record.requireCore("directory", VfsPath.class));
    }

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.MASTER, DevDriver.SCHEMA).putOwn("fileSystem", fileSystem).putOwn("terminal", terminal)
                .putCore("directory", directory);
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        return terminal.master().read(target);
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return terminal.master().write(source);
    }

    @Override
    public int poll(FileDescription file) {
        return terminal.pollMaster();
    }

    @Override
    public WaitQueue waitQueue() {
        return terminal.masterQueue();
    }

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        return switch (command) {
            case TIOCGPTN -> put(task, argument, terminal.index());
            case TIOCSPTLCK -> {
                terminal.setLocked(task.memory().getInt(argument) != 0);
                yield 0;
            }
            case TIOCGPTLCK -> put(task, argument, terminal.isLocked() ? 1 : 0);
            case TIOCPKT -> {
                terminal.setPacketMode(task.memory().getInt(argument) != 0);
                yield 0;
            }
            case TIOCGPKT -> put(task, argument, terminal.packetMode() ? 1 : 0);
            case TIOCGPTPEER -> openPeer(task, (int) argument);
            case TIOCSIG -> signal((int) argument);
            case FIONREAD -> put(task, argument, terminal.pendingOutput());
            case TIOCOUTQ -> put(task, argument, 0);
            default -> TerminalIoctl.call(terminal, task, command, argument, true);
        };
    }

    private static long put(Task task, long address, int value) {
        task.memory().putInt(address, value);
        return 0;
    }

    private long openPeer(Task task, int flags) {
        if ((flags & ~PEER_FLAGS) != 0) {
            return -Errno.EINVAL;
        }
        PathWalk walk = task.walk2().load(Integer.toString(terminal.index()));
        walk.resolve(task, directory, 0);
        FileDescription slave = task.kernel().vfs().open(task, walk.path(), flags & ~Open.O_CLOEXEC);
        int fd = task.files().add(slave, 0, task.group().softLimit(Rlimit.RLIMIT_NOFILE), (flags & Open.O_CLOEXEC) != 0);
        if (fd < 0) {
            slave.release(task);
        }
        return fd;
    }

    private long signal(int signal) {
        if (signal != Signals.SIGINT && signal != Signals.SIGQUIT && signal != Signals.SIGTSTP) {
            return -Errno.EINVAL;
        }
        terminal.signalForeground(signal);
        return 0;
    }

    @Override
    public void release(FileDescription file) {
        fileSystem.remove(terminal);
        terminal.masterClosed();
    }
}
