// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** An open file of a {@link PseudoFileSystem}. A replaced one is opened again, and gets back what it had kept. */
public abstract class PseudoOpen implements FileOperations, Stateful {

    /** The text of a file that has been read once. */
    static final String TEXT = "text";

    /** What was opened. */
    protected abstract PseudoInode inode();

    /** Adds what the open file keeps beside what was opened. */
    public void saveContent(StateRecord record) {}

    /** Takes what {@link #saveContent} wrote. */
    public void restoreContent(StateRecord record) {}

    @Override
    public final Object origin() {
        return inode().fileSystem();
    }

    @Override
    public final StateRecord save() {
        StateRecord record = new StateRecord(inode().fileSystem().type() + PseudoFileSystem.OPEN, PseudoFileSystem.SCHEMA)
                .putOwn("inode", inode());
        saveContent(record);
        return record;
    }
}
