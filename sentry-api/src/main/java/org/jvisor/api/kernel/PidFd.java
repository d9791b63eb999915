// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.vfs.FileOperations;
import org.osgi.annotation.versioning.ProviderType;

/** What a descriptor of pidfd_open(2) or CLONE_PIDFD does: it becomes readable when the process ends. */
@ProviderType
public interface PidFd extends FileOperations {

    ThreadGroup group();
}
