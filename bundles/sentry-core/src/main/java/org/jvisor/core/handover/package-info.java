// SPDX-License-Identifier: Apache-2.0
/**
 * How a bundle's objects pass to its successor while containers run; see {@code org.jvisor.api.state}. {@code HandoverService} brings
 * every task out of the Sentry, {@code Inventory} finds what the old bundle does the work for, {@code Succession} makes the new
 * objects and switches.
 *
 * <p><b>The {@code Gate}</b> brings the whole kernel to rest: a task that finds it closed waits at the places where it comes in from
 * its application, and before a call is dispatched. What stops, waits for a vfork(2)'s child, has not begun or has ended is outside,
 * too.
 *
 * <p><b>Locks.</b> One hand-over at a time, under {@code HandoverService}'s monitor, which is taken before all others; the gate's
 * comes next, and then the process tree's.
 */
package org.jvisor.core.handover;
