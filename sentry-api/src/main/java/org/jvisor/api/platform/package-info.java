// SPDX-License-Identifier: Apache-2.0
/** Ways to run application code until it makes a system call, faults or is interrupted. */
@Export
@Version("1.0.0")
package org.jvisor.api.platform;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
