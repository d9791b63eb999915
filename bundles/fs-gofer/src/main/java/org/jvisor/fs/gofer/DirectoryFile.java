// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;

/**
 * An open directory. Its positions are places in the list that it took when it was read from the start: names that come or go
 * later do not move the others, as POSIX wants it.
 */
final class DirectoryFile implements FileOperations, Stateful {
    /** Positions of "." and "..". */
    private static final int DOTS = 2;

    private final GoferDirectory directory;
    /** Guarded by the lock of the description's position, with which a directory is read. */
    private DirectoryNames.Entry[] entries;

    DirectoryFile(GoferDirectory directory) {
        this.directory = directory;
    }

    /** What {@link #save} wrote. */
    DirectoryFile(StateRecord record) {
        directory = record.requireOwn("inode", GoferDirectory.class);
        entries = DirectoryNames.entries(record);
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(GoferDriver.OPEN_DIRECTORY, GoferDriver.SCHEMA).putOwn("inode", directory);
        DirectoryNames.save(record, entries);
        return record;
    }

    @Override
    public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
        if (position == 0 || entries == null) {
            entries = directory.names.list(task, file);
        }
        if (position == 0 && !sink.add(".", directory.ino(), Mode.DT_DIR, 1)) {
            return 0;
        }
        if (position <= 1 && !sink.add("..", parentIno(file), Mode.DT_DIR, DOTS)) {
            return 0;
        }
        for (long i = Math.max(position - DOTS, 0); i < entries.length; i++) {
            DirectoryNames.Entry entry = entries[(int) i];
            if (!sink.add(entry.name, entry.ino, entry.type, i + DOTS + 1)) {
                return 0;
            }
        }
        return 0;
    }

    /** @param file null when another file system reads its layer */
    private long parentIno(FileDescription file) {
        return file == null ? directory.ino() : file.path().dentry().parent().inode().ino();
    }

    @Override
    public long fsync(Task task, boolean dataOnly) {
        return directory.fsync(dataOnly);
    }
}
