// SPDX-License-Identifier: Apache-2.0
/**
 * How a bundle's objects pass to its successor while containers run; see {@code org.jvisor.api.state}. {@code HandoverService} brings
 * every task out of the Sentry, {@code Inventory} finds what the old bundle does the work for, {@code Succession} makes the new
 * objects and switches.
 */
package org.jvisor.core.handover;
