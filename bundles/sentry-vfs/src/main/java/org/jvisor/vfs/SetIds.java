// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** Takes the set-user-ID and set-group-ID bits of a file away that is written to, as write(2) says. */
final class SetIds {

    static void clear(Task task, Inode inode) {
        int mode = inode.mode();
        if ((mode & (Mode.S_ISUID | Mode.S_ISGID)) == 0) {
            return;
        }
        int without = Permissions.withoutSetId(task.credentials(), inode);
        if (without != mode && !task.hasCapability(Capability.CAP_FSETID)) {
            SetAttributes changes = new SetAttributes();
            changes.valid = SetAttributes.MODE;
            changes.mode = without & Mode.PERMISSIONS;
            inode.setAttributes(task, changes);
        }
    }

    private SetIds() {
    }
}
