// SPDX-License-Identifier: Apache-2.0
/**
 * Tasks, thread groups, process groups, sessions and pid namespaces, from clone(2) to wait(2).
 *
 * <p><b>A task's thread.</b> {@code TaskLoop} runs the application until it makes a call, faults or is interrupted. Others
 * never do anything to a task themselves: they leave {@code work} (a signal, a stop, its end, a handler that is being
 * replaced) and wake it; the work is done in the task's own thread, before application code runs again. A
 * sleep ends when there is work, and the call returns an ERESTART* code; then the call is dispatched again at once when no
 * handler of the application is to run, and settled as signal(7) says when one is.
 *
 * <p><b>Where a task is</b> stands in its {@code place}: in application code, in a call (with the generation of the table that it
 * was dispatched by), or neither. It is written with a full fence before work, or the table, is looked at, and work and tables
 * are published before the place is looked at; so either the task sees the work or the other side sees where it is. A vfork(2)'s
 * wait, which cannot be interrupted, takes place outside of handlers.
 *
 * <p><b>Hooks</b> are what has to look at a task's calls, in one word that is read on a call's way; nothing is looked at while it
 * is 0. One of them is the {@code Gate} of {@code org.jvisor.core.handover}.
 *
 * <p><b>Locks.</b> {@code Processes}' monitor is first, {@code ThreadGroupImpl.lock} second; see {@code org.jvisor.core}.
 */
package org.jvisor.core.process;
