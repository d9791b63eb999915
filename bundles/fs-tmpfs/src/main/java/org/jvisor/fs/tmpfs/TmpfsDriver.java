// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes instances, their inodes and open files of records. The bytes of files lie in the memory file all the while. */
@Component
public final class TmpfsDriver implements Driver {

    static final String SUPER_BLOCK = "tmpfs.superblock";
    static final String DIRECTORY = "tmpfs.directory";
    static final String FILE = "tmpfs.file";
    static final String SYMLINK = "tmpfs.symlink";
    static final String SPECIAL = "tmpfs.special";
    static final String DIRECTORY_OPERATIONS = "tmpfs.open-directory";
    static final String FILE_OPERATIONS = "tmpfs.open-file";
    static final String MAPPING = "tmpfs.mapping";

    private final Memory memory;
    private final KernelClock clock;

    @Activate
    public TmpfsDriver(@Reference Memory memory, @Reference KernelClock clock) {
        this.memory = memory;
        this.clock = clock;
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case SUPER_BLOCK -> new Tmpfs(record, memory, clock);
            case DIRECTORY -> new TmpfsDirectory(record);
            case FILE -> new TmpfsFile(record);
            case SYMLINK -> new TmpfsSymlink(record);
            case SPECIAL -> new TmpfsSpecial(record);
            case DIRECTORY_OPERATIONS -> record.requireOwn("inode", TmpfsDirectory.class).operations();
            case FILE_OPERATIONS -> record.requireOwn("inode", TmpfsFile.class).operations();
            case MAPPING -> record.requireOwn("inode", TmpfsFile.class).mapping();
            default -> throw new StateException("tmpfs knows no record of type " + record.type());
        };
    }
}
