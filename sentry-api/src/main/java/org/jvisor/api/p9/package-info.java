// SPDX-License-Identifier: Apache-2.0
/** 9P2000.L messages and the transports that carry them. */
@Export
@Version("1.0.0")
package org.jvisor.api.p9;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
