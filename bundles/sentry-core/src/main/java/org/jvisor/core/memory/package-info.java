// SPDX-License-Identifier: Apache-2.0
/**
 * What is done when the Sentry's heap gets short. Whatever programs make it keep is charged and bounded
 * ({@link org.jvisor.api.kernel.Charge}), so this is for what is not charged as it should be. {@link HeapWatch} sees it, by what is in use
 * after a collection or by an OutOfMemoryError that somebody has met; {@link OomKiller} ends the process that is charged most, as Linux's
 * OOM killer does; and when that does not help, the Sentry ends with one line. {@link MemoryRelief} does the same where a container, or the
 * sandbox, has used up its part of the memory file; whoever needs a page waits for it.
 */
package org.jvisor.core.memory;
