// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** /dev/null. */
final class NullDevice extends MemDevice {

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.NULL, DevDriver.SCHEMA);
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        return 0;
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return discard(source);
    }
}
