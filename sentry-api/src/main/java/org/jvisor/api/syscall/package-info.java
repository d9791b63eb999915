// SPDX-License-Identifier: Apache-2.0
/** How system call families plug into the dispatch table. */
@Export
@Version("2.0.0")
package org.jvisor.api.syscall;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
