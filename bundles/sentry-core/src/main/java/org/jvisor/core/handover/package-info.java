// SPDX-License-Identifier: Apache-2.0
/**
 * How a bundle's objects pass to its successor while containers run; see {@code org.jvisor.api.state}. {@code HandoverService} brings
 * every task out of the Sentry, {@code Inventory} finds what the old bundle does the work for, {@code Succession} makes the new
 * objects and switches.
 *
 * <p><b>The {@code Gate}</b> brings the whole kernel to rest: a task that finds it closed waits at the places where it comes in from
 * its application, and before a call is dispatched. What stops, waits for a vfork(2)'s child, has not begun or has ended is outside,
 * too. Threads that are no task's come in as visitors, for a moment or to stay; who stays is waited for before anybody is stopped.
 *
 * <p><b>Bundles' code</b> may fail or hang in each step: it is run in threads that can be left alone, up to the switch by
 * {@code HandoverService}, afterwards object by object by {@code InTurn}. The switch itself calls none.
 *
 * <p><b>Locks.</b> One hand-over at a time, without a lock; the gate's is held for changes of its phase only.
 */
package org.jvisor.core.handover;
