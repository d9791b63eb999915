// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.platform;

import org.osgi.annotation.versioning.ConsumerType;

/** A way to run application code. A service; the property {@code service.ranking} plays no part, {@link Probe#score} does. */
@ConsumerType
public interface Platform {

    /** The name that {@code --platform} takes. */
    String name();

    /** Runs a few guest instructions under a time limit and says whether this host can be relied on. Allocates. */
    Probe probe();

    /**
     * Makes the platform ready: whatever must be forked or opened is, so that the Sentry can be sealed afterwards. Called once,
     * before any other method but {@link #name} and {@link #probe}.
     *
     * @param memoryFd the memory file, whose parts address spaces map
     * @throws org.jvisor.api.abi.ErrnoException the host's refusal
     */
    void start(int memoryFd);

    /** How much it needs of the addresses below {@link UserSpace#TOP}. More than lies above {@link UserSpace#END} does not fit. */
    default long reservedBytes() {
        return 0;
    }

    /**
     * The stack that its part of a task's work takes. Tasks live on threads of the core, each on one of the host's that is its own
     * for all of its life, whichever version of the platform serves: every call about a task's {@link Context} is made by its
     * thread, except where said. The platform may bind it to CPUs.
     */
    default long taskStackBytes() {
        return 256 << 10;
    }

    /** An empty address space. Any thread. */
    AddressSpace newAddressSpace();

    /** A context that has not run yet, for a task whose memory is {@code space}; it belongs to the first thread that calls run. */
    Context newContext(AddressSpace space);

    /** Ends every address space and context. */
    void stop();

    /**
     * What a platform found out about this host.
     *
     * @param usable whether it can run applications here
     * @param score what {@code --platform=auto} compares; higher is better
     * @param reason one line, why usable or why not
     */
    record Probe(boolean usable, int score, String reason) {}
}
