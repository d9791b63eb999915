// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.wait.ServiceThread;

/**
 * Gives the pages of free frames back to the host: half of them when they get many, and all once a sandbox has come to rest. Free
 * frames are kept for a while, since frames that the host still has are handed out much faster; a container that sleeps has no use for
 * them. The thread itself sleeps until there is something to give back.
 */
final class Trimmer {

    private static final long REST_NS = 1_000_000_000L;
    /** Below this it is not worth waking up for. */
    private static final int FEW_FRAMES = 256;

    private final FrameFile file;
    private final ServiceThread thread;
    private volatile boolean asleep;
    /** There are too many, and it has been told so. */
    private volatile boolean pressed;

    Trimmer(FrameFile file) {
        this.file = file;
        thread = new ServiceThread("memory-trimmer", 64 << 10, this::look);
        file.onRelease(this::framesReleased);
        thread.start();
    }

    /** Called after each release. */
    private void framesReleased() {
        if (file.keepsTooMany() && !pressed) {
            pressed = true;
            thread.wake();
        } else if (asleep && file.keptFrames() > FEW_FRAMES) {
            asleep = false;
            thread.wake();
        }
    }

    private boolean look() {
        if (pressed) {
            pressed = false;
            file.trim(FrameFile.DIRTY_MAX / 2);
            return true;
        }
        if (file.keptFrames() <= FEW_FRAMES) {
            asleep = true;
            thread.rest();
            asleep = false;
            return true;
        }
        long before = file.handedOut();
        thread.restNanos(REST_NS);
        if (!pressed && before == file.handedOut()) {
            file.trim(0);
        }
        return true;
    }

    /** Returns when the file is left alone. */
    void close() {
        thread.halt();
    }
}
