// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.WinsizeLayout;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Ptys;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;

/** A pair whose master is a {@link PtyRelay}. */
final class KernelPty implements Ptys.Pty, Stateful {

    private final PtyRelay relay;
    private final Vfs vfs;
    private final VfsPath directory;
    private final Terminal terminal;

    KernelPty(PtyRelay relay, Vfs vfs, VfsPath directory, Terminal terminal) {
        this.relay = relay;
        this.vfs = vfs;
        this.directory = directory;
        this.terminal = terminal;
    }

    /** What {@link #save} wrote. */
    KernelPty(StateRecord record, Vfs vfs) {
        this(record.requireOwn("relay", PtyRelay.class), vfs, record.requireCore("directory", VfsPath.class),
                record.requireOwn("terminal", Terminal.class));
    }

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.KERNEL_PTY, DevDriver.SCHEMA).putOwn("relay", relay).putCore("directory", directory)
                .putOwn("terminal", terminal);
    }

    @Override
    public Tty tty() {
        return terminal;
    }

    @Override
    public FileDescription openSlave() {
        PathWalk walk = vfs.newPathWalk().load(Integer.toString(terminal.index()));
        walk.resolve(null, directory, 0);
        return vfs.open(null, walk.path(), Open.O_RDWR | Open.O_NOCTTY);
    }

    @Override
    public void connect(int hostFd) {
        relay.start(hostFd);
    }

    @Override
    public void resize(int rows, int columns) {
        byte[] size = new byte[WinsizeLayout.SIZE];
        terminal.copyWindow(size);
        WinsizeLayout.row(size, 0, rows);
        WinsizeLayout.col(size, 0, columns);
        terminal.setWindow(size);
    }

    @Override
    public void close(Runnable closed) {
        relay.close(closed);
    }
}
