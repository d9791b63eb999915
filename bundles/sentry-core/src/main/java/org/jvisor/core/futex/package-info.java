// SPDX-License-Identifier: Apache-2.0
/**
 * futex(2). {@code FutexTable} finds waiters by the word that they wait for: a private one by its address space and address, a
 * shared one by what is mapped there. Robust lists are walked when a task ends, see get_robust_list(2).
 *
 * <p><b>Locks.</b> Buckets, by number when two are taken (requeue). Nothing is faulted in with a bucket's lock held: a word that is
 * not there is faulted in first, and read again under the lock. To unpark a waiter is all that is done under it.
 */
package org.jvisor.core.futex;
