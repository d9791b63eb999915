// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.List;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** The root directory of devpts: ptmx, and the slaves by number. */
final class DevptsRoot extends DevptsInode {

    static final String PTMX = "ptmx";
    private static final int ROOT_INO = 1;
    private static final int PTMX_INO = 2;
    private static final int OWN_ENTRIES = 3;

    private final DevptsFileSystem fileSystem;
    private final DevptsInode ptmx;

    DevptsRoot(DevptsFileSystem fileSystem, KernelClock clock, int ptmxMode) {
        super(fileSystem, ROOT_INO, clock, Mode.S_IFDIR | 0755, 0, 0, 0);
        this.fileSystem = fileSystem;
        this.ptmx = new DevptsInode(fileSystem, PTMX_INO, clock, Mode.S_IFCHR | ptmxMode,
                Mode.makeDev(TtyDriver.MAJOR, TtyDriver.PTMX), 0, 0);
    }

    /** What {@link #save} wrote. */
    DevptsRoot(StateRecord record) {
        super(record);
        fileSystem = record.requireOwn("fileSystem", DevptsFileSystem.class);
        ptmx = record.requireOwn("ptmx", DevptsInode.class);
    }

    @Override
    String stateType() {
        return DevDriver.DEVPTS_ROOT;
    }

    @Override
    void saveContent(StateRecord record) {
        record.putOwn("ptmx", ptmx);
    }

    /** The root open, as a successor's. */
    Stateful reopened() {
        return new Directory();
    }

    @Override
    public Inode lookup(Task task, String name) {
        return name.equals(PTMX) ? ptmx : fileSystem.slave(name);
    }

    @Override
    public FileOperations open(Task task, int flags) {
        return new Directory();
    }

    /** Lists it: ".", "..", ptmx, then the slaves; a slave's position is its number plus three. */
    private final class Directory implements FileOperations, Stateful {

        @Override
        public StateRecord save() {
            return new StateRecord(DevDriver.DEVPTS_OPEN_ROOT, DevDriver.SCHEMA).putOwn("inode", DevptsRoot.this);
        }

        @Override
        public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
            if (position == 0 && !sink.add(".", ROOT_INO, Mode.DT_DIR, 1)) {
                return 0;
            }
            if (position <= 1 && !sink.add("..", ROOT_INO, Mode.DT_DIR, 2)) {
                return 0;
            }
            if (position <= 2 && !sink.add(PTMX, PTMX_INO, Mode.DT_CHR, OWN_ENTRIES)) {
                return 0;
            }
            List<PtsInode> slaves = fileSystem.slaves();
            for (PtsInode slave : slaves) {
                long at = OWN_ENTRIES + slave.terminal().index();
                if (at >= position
                        && !sink.add(Integer.toString(slave.terminal().index()), slave.ino(), Mode.DT_CHR, at + 1)) {
                    return 0;
                }
            }
            return 0;
        }
    }
}
