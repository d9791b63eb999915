// SPDX-License-Identifier: Apache-2.0
/**
 * The Sentry's locks. There are two kinds:
 *
 * <ul>
 * <li>a {@link Mutex} is held for short: never over a page fault (so not while application memory is copied), a sleep, or a question
 * to another process or the host that may last. Whoever waits for one has it soon, also when its task is to die.
 * <li>a {@link KillableLock} may be held over all of these. Who waits for one can be killed meanwhile.
 * </ul>
 *
 * <p>Each has a {@link LockRank}, and these are the one order in which the whole project takes locks. In the tests that is checked
 * ({@link LockOrder}); no class of the Sentry uses Java's monitors, which the build sees to.
 */
@Export
@Version("1.0.0")
package org.jvisor.api.lock;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
