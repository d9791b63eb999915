// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.osgi.annotation.versioning.ProviderType;

/** A name in a directory, cached. Any thread. */
@ProviderType
public interface Dentry {

    /** "/" for a root. */
    String name();

    /** Itself for a root. */
    Dentry parent();

    /** Null: nothing has this name. */
    Inode inode();

    /** Whether the name was removed while somebody still uses what it named. */
    boolean isDeleted();
}
