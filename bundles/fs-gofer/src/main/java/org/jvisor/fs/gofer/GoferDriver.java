// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Makes instances, inodes, open files and page caches of records. The session with the gofer goes on, with its fids and descriptors;
 * who has none of them finds the file again by parent and name, and tells by number, type and time of birth that it is the same.
 */
@Component
public final class GoferDriver implements Driver {

    static final int SCHEMA = 1;
    static final String SUPER_BLOCK = "gofer.superblock";
    static final String INODE = "gofer.inode";
    static final String DIRECTORY = "gofer.directory";
    static final String OPEN_FILE = "gofer.open-file";
    static final String OPEN_DIRECTORY = "gofer.open-directory";
    static final String PAGES = "gofer.pages";
    static final String DESCRIPTOR = "gofer.descriptor";

    private final HostKernel host;
    private final Memory memory;

    @Activate
    public GoferDriver(@Reference HostKernel host, @Reference Memory memory) {
        this.host = host;
        this.memory = memory;
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case SUPER_BLOCK -> new GoferFileSystem(record, host, memory);
            case INODE -> new GoferInode(record);
            case DIRECTORY -> new GoferDirectory(record);
            case OPEN_FILE -> new RegularFile(record);
            case OPEN_DIRECTORY -> new DirectoryFile(record);
            case PAGES -> new PageCache(record);
            case DESCRIPTOR -> new HostDescriptor(record, host);
            default -> throw new StateException("9p knows no record of type " + record.type());
        };
    }
}
