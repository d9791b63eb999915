// SPDX-License-Identifier: Apache-2.0
/** Sockets. */
@Export
@Version("1.1.0")
package org.jvisor.api.net;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
