// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import org.osgi.annotation.versioning.ProviderType;

/** A thread that serves tasks. It is unparked when its task is killed, wherever it is. */
@ProviderType
public interface Killable {

    /** Its task shall end, and has not begun to give back what it has: it waits for nothing any more. Any thread. */
    boolean killed();
}
