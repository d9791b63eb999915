// SPDX-License-Identifier: Apache-2.0
/**
 * Signals, see signal(7): who may send ({@code SignalSender}), what waits for a task or for its thread group ({@code SignalQueue}),
 * what is to be done ({@code SignalActions}), and the doing ({@code SignalDelivery}), which is the task's own thread's work before
 * application code runs again. {@code SignalFrame} is what a handler finds on its stack; {@code JobControl} stops and goes on.
 *
 * <p><b>Locks.</b> Queues and masks are under their thread group's lock.
 */
package org.jvisor.core.signal;
