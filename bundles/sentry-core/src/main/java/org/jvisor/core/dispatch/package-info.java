// SPDX-License-Identifier: Apache-2.0
/**
 * From a call's number to its handler. Handlers are published as services; {@code Dispatcher} makes a {@code SyscallTable} of them,
 * which is never changed: a replacement publishes a new one, interrupts the tasks whose notes say that they are inside a handler
 * that the new table does not have, and returns when none is left there. {@code Interception} gives interceptors a call with its
 * paths and buffers copied in once, and the handler then uses that very copy ({@code SnapshotMemory}). {@code Strace} prints.
 *
 * <p><b>Locks.</b> {@code Dispatcher}'s monitor is for publishing alone; a call reads one volatile field.
 */
package org.jvisor.core.dispatch;
