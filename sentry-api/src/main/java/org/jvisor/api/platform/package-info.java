// SPDX-License-Identifier: Apache-2.0
/**
 * Ways to run application code until it makes a system call, faults or is interrupted.
 *
 * <p>The objects of a platform that can be replaced while it runs are {@link org.jvisor.api.state.Stateful}: platform, address
 * spaces and contexts. They are saved while no context runs and nobody changes an address space; a demand to interrupt that comes
 * between save and switch may be lost, so that whoever brings tasks to rest lets each look for work before it runs again.
 */
@Export
@Version("2.0.0")
package org.jvisor.api.platform;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
