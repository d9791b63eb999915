// SPDX-License-Identifier: Apache-2.0
/** Application memory: the memory file, memory managers (Linux's mm_struct), mappings, and copying to and from applications. */
@Export
@Version("2.0.0")
package org.jvisor.api.mm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
