// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/**
 * The options of a 9p mount.
 *
 * @param shared {@code cache=shared}: the tree can change from outside; {@code cache=exclusive}, the default: it does not
 */
record MountOptions(boolean shared) {

    /** @throws ErrnoException EINVAL */
    static MountOptions parse(String data) {
        boolean shared = false;
        if (data != null && !data.isEmpty()) {
            for (String option : data.split(",")) {
                switch (option) {
                    case "cache=shared" -> shared = true;
                    case "cache=exclusive" -> shared = false;
                    case "" -> {
                    }
                    default -> throw ErrnoException.of(Errno.EINVAL);
                }
            }
        }
        return new MountOptions(shared);
    }

    /** As /proc/mounts shows them. */
    String text() {
        return shared ? ",cache=shared" : ",cache=exclusive";
    }
}
