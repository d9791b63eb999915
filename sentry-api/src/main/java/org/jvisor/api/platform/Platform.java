// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.platform;

import java.util.concurrent.ThreadFactory;
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

    /** First address above what applications can use; the platform keeps what lies beyond. Page aligned. */
    long maxUserAddress();

    /** Makes the thread that a task lives on; every call about a task's {@link Context} is made by its thread, except where said. */
    ThreadFactory taskThreads();

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
