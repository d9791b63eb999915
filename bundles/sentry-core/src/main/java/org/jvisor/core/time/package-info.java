// SPDX-License-Identifier: Apache-2.0
/**
 * What time a process uses and waits for: processor time by task and process, load averages, and timers of setitimer(2) and
 * timer_create(2). A timer is data, a target and a time; it goes off as a signal.
 *
 * <p><b>Locks.</b> A process's timers have a monitor, and so has its account of time; see {@code org.jvisor.core} for their place.
 */
package org.jvisor.core.time;
