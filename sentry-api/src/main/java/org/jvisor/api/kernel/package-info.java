// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's objects that outlive a system call: tasks, thread groups, sessions, credentials, signals, containers.
 *
 * <h2>A call that begins again is the same call</h2>
 * A handler that is to be replaced is interrupted in its waits and run again, by its next version; so is one after a signal that runs
 * no handler of the program. What the call has done and until when it waits is in its own record, {@link
 * org.jvisor.api.kernel.Call} ({@link org.jvisor.api.kernel.Task#call}), which all that runs for the call uses: handlers, file
 * descriptions, devices, interceptors. It says what a handler has to do.
 *
 * <p>When a wait was interrupted for a replacement alone, the handler is run again before any signal is looked at, whatever it made
 * of that (-ERESTART… of any kind, -EINTR); a signal that has come meanwhile is met by the next run at its wait. So what a handler
 * sees of interruptions is what Linux's would, and a replacement shows in no result.
 */
@Export
@Version("2.1.0")
package org.jvisor.api.kernel;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
