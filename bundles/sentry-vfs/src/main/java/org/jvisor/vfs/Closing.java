// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayDeque;

/**
 * Closes descriptions one after the other. Closing one may drop the last references of others, as a socket does of those that its
 * messages carry, which may be sockets again, and so on as deep as a program likes: they wait until the first is closed, so that none
 * is closed within another.
 */
final class Closing {

    private static final ThreadLocal<Closing> OF_THREAD = ThreadLocal.withInitial(Closing::new);

    private final ArrayDeque<FileDescriptionImpl> next = new ArrayDeque<>();
    private boolean busy;

    /** The last reference of {@code file} is gone. */
    static void close(FileDescriptionImpl file) {
        Closing closing = OF_THREAD.get();
        if (closing.busy) {
            closing.next.add(file);
            return;
        }
        closing.busy = true;
        try {
            closing.all(file);
        } finally {
            closing.busy = false;
        }
    }

    /** One's failure is no reason to leave out the others. */
    private void all(FileDescriptionImpl first) {
        Throwable failure = null;
        for (FileDescriptionImpl file = first; file != null; file = next.poll()) {
            try {
                file.close();
            } catch (RuntimeException | Error e) {
                failure = e;
            }
        }
        // No switch over types: that costs a hundred nanoseconds for each descriptor that is closed.
        if (failure instanceof Error e) {
            throw e;
        }
        if (failure != null) {
            throw (RuntimeException) failure;
        }
    }
}
