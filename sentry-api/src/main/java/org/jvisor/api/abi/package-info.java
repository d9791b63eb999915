// SPDX-License-Identifier: Apache-2.0
/**
 * The binary interface of x86-64 Linux: its numbers and the layouts of its structures, and nothing that behaves.
 *
 * <p>Numbers stand in one class a topic, under the names Linux gives them. A structure is a {@code ...Layout} class: its size,
 * the offsets of its fields, and static accessors that read or write a field of a structure which starts at some offset of a
 * byte array. Callers copy the structure from the application once and read the copy; nothing here allocates.
 *
 * <p>Fields that are unsigned in C and narrower than the Java type are given zero-extended; u32 is an {@code int} with the
 * same bits, u64 a {@code long} with the same bits.
 */
@Export
@Version("1.1.0")
package org.jvisor.api.abi;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
