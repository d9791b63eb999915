// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.syscall;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A service that answers some system call numbers. Of several services that answer a number the one with the highest
 * {@code service.ranking} does; when it goes, the next one takes over, and -ENOSYS where none is left.
 *
 * <p>A family with many numbers is best a handler itself, with one switch over {@link Arguments#number}: that costs no class a
 * call at start-up.
 */
@ConsumerType
public interface SyscallFamily {

    /** Short name for people, like "fs". */
    String name();

    /** The calls that this service answers, and by what; asked once. */
    CallTable calls();
}
