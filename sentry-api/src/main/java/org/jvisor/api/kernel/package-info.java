// SPDX-License-Identifier: Apache-2.0
/** The kernel's objects that outlive a system call: tasks, thread groups, sessions, credentials, signals, containers. */
@Export
@Version("2.0.0")
package org.jvisor.api.kernel;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
