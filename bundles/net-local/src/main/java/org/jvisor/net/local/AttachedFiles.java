// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.List;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** Descriptions on their way (SCM_RIGHTS, unix(7)), in a record: the references that they are counted by pass on with them. */
final class AttachedFiles {

    private static final String LIST = "files";

    private AttachedFiles() {
    }

    /** Nothing for null. */
    static void save(FileDescription[] files, StateRecord record) {
        if (files != null) {
            record.putList(LIST);
            for (FileDescription file : files) {
                record.add(LIST).putCore("file", file);
            }
        }
    }

    /** Null when there are none. */
    static FileDescription[] adopt(StateRecord record) {
        List<StateRecord> items = record.items(LIST);
        return record.has(LIST)
                ? items.stream().map(item -> item.requireCore("file", FileDescription.class)).toArray(FileDescription[]::new) : null;
    }
}
