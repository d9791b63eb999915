// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** One of several steps that all have to be tried: what fails is logged, and the next one is taken. */
public final class Attempt {

    private static final Logger LOG = System.getLogger("org.jvisor.core.task");

    private Attempt() {}

    public static void to(String what, Runnable step) {
        try {
            step.run();
        } catch (Throwable t) {
            log(what, t);
        }
    }

    private static void log(String what, Throwable failure) {
        try {
            LOG.log(Level.ERROR, "to " + what + " failed", failure);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // No room even for words: the steps that follow matter more.
            return;
        }
    }
}
