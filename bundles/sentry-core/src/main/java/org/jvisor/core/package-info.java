// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel: one object, {@code KernelImpl}, that owns what there is once in a sandbox, and {@code KernelComponent}, which gets it
 * what bundles publish. The parts are in packages by subject:
 *
 * <ul>
 * <li>{@code dispatch}: from a call's number to its handler
 * <li>{@code process}: tasks, thread groups, process groups, sessions, pid namespaces
 * <li>{@code signal}, {@code time}, {@code futex}, {@code exec}: what their names say
 * <li>{@code container}: what a container is made of, and what it may use up
 * <li>{@code memory}: what is done when the Sentry's heap gets short
 * <li>{@code handover}: how a bundle's objects pass to its successor
 * </ul>
 *
 * <p><b>Locks</b>, in the order in which they are taken:
 * <ol>
 * <li>{@code HandoverService}'s monitor, the gate's
 * <li>{@code Processes}' monitor, the process tree's: parents, membership of thread groups, process groups and sessions, zombies
 * <li>{@code ThreadGroupImpl.lock}, one at a time but for a parent's and then its new child's at clone(2): signal queues and
 *     masks, stops, the beginning of the end
 * <li>timers' and accounts' monitors
 * <li>wait queues, and then what parks and unparks: leaves
 * </ol>
 * Futex buckets and {@code Dispatcher}'s monitor are on no way with these. Terminals and file systems are never called with the
 * process tree's or a thread group's lock held.
 */
package org.jvisor.core;
