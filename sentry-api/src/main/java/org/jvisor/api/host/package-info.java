// SPDX-License-Identifier: Apache-2.0
/** How Java reaches the host's kernel: raw system calls and memory by address. Nothing else in jVisor calls native code. */
@Export
@Version("1.1.0")
package org.jvisor.api.host;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
