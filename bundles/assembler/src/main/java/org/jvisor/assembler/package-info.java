// SPDX-License-Identifier: Apache-2.0
/**
 * Machine code for x86-64, of the instructions that jVisor's own pieces are made of. Encodings are those of Intel's Software
 * Developer's Manual, volume 2; names are its mnemonics.
 */
@Export
@Version("1.0.0")
package org.jvisor.assembler;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
