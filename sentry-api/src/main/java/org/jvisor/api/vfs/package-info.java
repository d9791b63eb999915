// SPDX-License-Identifier: Apache-2.0
/** Files: inodes, dentries, mounts, descriptions, descriptors, path walk, polling. */
@Export
@Version("2.0.0")
package org.jvisor.api.vfs;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
