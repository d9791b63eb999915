// SPDX-License-Identifier: Apache-2.0
/** Waiting and waking. */
@Export
@Version("2.0.0")
package org.jvisor.api.wait;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
