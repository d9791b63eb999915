// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.concurrent.locks.LockSupport;

/**
 * Gives the pages of free frames back to the host once a sandbox has come to rest. Free frames are kept for a while, since frames
 * that the host still has are handed out much faster; a container that sleeps has no use for them. The thread itself sleeps
 * until there is something to give back.
 */
final class Trimmer {

    private static final long REST_NS = 1_000_000_000L;
    /** Below this it is not worth waking up for. */
    private static final int FEW_FRAMES = 256;

    private final FrameFile file;
    private final Thread thread;
    private volatile boolean asleep;
    private volatile boolean closed;

    Trimmer(FrameFile file) {
        this.file = file;
        thread = Thread.ofPlatform().name("memory-trimmer").daemon().stackSize(64 << 10).unstarted(this::run);
        file.onRelease(this::framesReleased);
        thread.start();
    }

    /** Called after each release: free when awake. */
    private void framesReleased() {
        if (asleep && file.keptFrames() > FEW_FRAMES) {
            asleep = false;
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!closed) {
            if (file.keptFrames() <= FEW_FRAMES) {
                asleep = true;
                LockSupport.park(this);
                asleep = false;
                continue;
            }
            long before = file.handedOut();
            LockSupport.parkNanos(this, REST_NS);
            if (!closed && before == file.handedOut()) {
                file.trimAll();
            }
        }
    }

    void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            // The file's descriptor is about to go.
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
