// SPDX-License-Identifier: Apache-2.0
/**
 * Dispatch, tasks, processes, signals, futexes, the program loader and containers.
 *
 * <p><b>A task's thread.</b> {@code TaskLoop} runs the application until it makes a call, faults or is interrupted. Others
 * never do anything to a task themselves: they leave {@code work} (a signal, a stop, its end, a handler that is being
 * replaced) and wake it; {@code SignalDelivery} does the work in the task's own thread, before application code runs again. A
 * sleep ends when there is work, and the call returns an ERESTART* code; then the call is dispatched again at once when no
 * handler of the application is to run, and settled as signal(7) says when one is.
 *
 * <p><b>Where a task is</b> stands in its {@code place}: in application code, in a call (with the generation of the table that it
 * was dispatched by), or neither. It is written with a full fence before work, or the table, is looked at, and work and tables
 * are published before the place is looked at; so either the task sees the work or the other side sees where it is.
 *
 * <p><b>Hooks</b> are what has to look at a task's calls, in one word that is read on a call's way; nothing is looked at while it
 * is 0. One of them is the {@code Gate}, by which the whole kernel is brought to rest: a task that finds it closed waits at the
 * places where it comes in from its application, and before a call is dispatched. What stops, waits for a vfork(2)'s child, has
 * not begun or has ended is outside, too.
 *
 * <p><b>Replacement.</b> {@code Dispatcher} publishes a new {@code SyscallTable}, interrupts the tasks whose notes say that they
 * are inside a handler that the new table does not have, and returns when none is left there. A vfork(2)'s wait, which cannot be
 * interrupted, takes place outside of handlers.
 *
 * <p><b>Locks</b>, in the order in which they are taken:
 * <ol>
 * <li>{@code Processes}' monitor, the process tree's: parents, membership of thread groups, process groups and sessions, zombies
 * <li>{@code ThreadGroupImpl.lock}, one at a time but for a parent's and then its new child's at clone(2): signal queues and
 *     masks, stops, the beginning of the end
 * <li>timers' and accounts' monitors
 * <li>wait queues, and then what parks and unparks: leaves
 * </ol>
 * Futex buckets, by number, and {@code Dispatcher}'s monitor are on no way with these; nothing is faulted in with a bucket's lock
 * held. Terminals and file systems are never called with the first two held.
 */
package org.jvisor.core;
