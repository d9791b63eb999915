// SPDX-License-Identifier: Apache-2.0
/**
 * Containers of a sandbox: how one is made of what runsc asks for (mounts, devices, namespaces, standard streams, its first
 * process), how further processes come into it, and how it ends. {@code Cgroups} counts, by container, what a guest can use up, and
 * bounds it.
 *
 * <p><b>Locks.</b> A container's monitor, before the process tree's, guards whether it was started and whether it has namespaces
 * still. Cgroups' counters have none.
 */
package org.jvisor.core.container;
