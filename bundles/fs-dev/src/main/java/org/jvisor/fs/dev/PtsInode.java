// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.state.StateRecord;

/** The name of a slave. */
final class PtsInode extends DevptsInode {

    /** The root directory and ptmx come before. */
    private static final int FIRST_INO = 3;

    private final Terminal terminal;

    PtsInode(DevptsFileSystem fileSystem, KernelClock clock, Terminal terminal, int permissions, int uid, int gid) {
        super(fileSystem, FIRST_INO + terminal.index(), clock, Mode.S_IFCHR | permissions, terminal.device(), uid, gid);
        this.terminal = terminal;
    }

    /** What {@link #save} wrote. */
    PtsInode(StateRecord record) {
        super(record);
        terminal = record.requireOwn("terminal", Terminal.class);
    }

    @Override
    String stateType() {
        return DevDriver.SLAVE_INODE;
    }

    @Override
    void saveContent(StateRecord record) {
        record.putOwn("terminal", terminal);
    }

    Terminal terminal() {
        return terminal;
    }
}
